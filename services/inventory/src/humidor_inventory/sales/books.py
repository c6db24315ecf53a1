"""Opens the books for a batch: events admitted, stores locked, what stands in the books read, in one trip.

Each trip to the database costs both sides a wait for the processor, which at a few sales a batch is more than
what the statements cost.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_inventory.sales.planning import Document, ThreadKey
from humidor_inventory.sales.rules import Kind, Thread
from humidor_inventory.stock.rules import Lot
from humidor_inventory.stock.service import Known
from humidor_inventory.stock.shelf import Pair, Shelf, Shelves
from humidor_inventory.units.queries import CATALOGUE_LOCK
from humidor_inventory.units.rules import Factors

_OPEN = "SELECT new_ids, documents, shelves FROM open_books($1, $2, $3, $4, $5, $6)"


class Admission(NamedTuple):
    """Events that a consumer has not seen for all that is known."""

    group: str
    event_ids: Sequence[UUID]


NOBODY = Admission("", ())


class Books(NamedTuple):
    """What stands in them: which of the events are new, and all that a batch may have to do with."""

    new_ids: frozenset[UUID]
    threads: dict[ThreadKey, Thread]
    shelves: Shelves
    known: Known


class _Earlier(msgspec.Struct, array_like=True):
    """A document that was applied before."""

    store_id: str
    thread_id: UUID
    document_id: UUID
    kind: Kind
    restock: bool
    stated: list[Any] | None
    moves: list[Any]
    day: date


class _Place(msgspec.Struct, array_like=True):
    """A store's product: its balances, its lots that hold anything, and what the master data say."""

    stock: tuple[int, int, int, int, int | None, bool, bool, bool] | None
    lots: list[Lot] | None
    zone: str | None
    factors: tuple[int, int, int] | None
    currency: str | None


_read_documents = msgspec.json.Decoder(list[_Earlier]).decode
_read_places = msgspec.json.Decoder(list[_Place]).decode


async def open_books(
    conn: Connection,
    documents: Sequence[Document],
    admission: Admission = NOBODY,
    *,
    make: Callable[[str, str], Shelf] = Shelf,
) -> Books:
    """Admit events, lock the stores of documents as `lock_stores` does, and read what the documents concern.

    As `inbox.admit` it waits for a rebuild under way. `make` begins each shelf.
    """
    counts, tracked = _threads_of(documents)
    pairs = sorted({(d.store_id, line.gtin) for d in documents for line in d.lines})
    stores = list({document.store_id for document in documents})
    row = await conn.fetchrow(
        _OPEN, admission.group, sorted(admission.event_ids), stores, CATALOGUE_LOCK, list(counts), pairs
    )
    new_ids, earlier, places = row or (None, None, None)
    books = Books(frozenset(new_ids or ()), {key: Thread() for key in tracked}, {}, Known({}, {}, {}))
    if earlier is not None:
        _take_up(books.threads, _read_documents(earlier))
    if places is not None:
        _set_up(books, pairs, _read_places(places), make)
    return books


def _threads_of(documents: Sequence[Document]) -> tuple[Collection[ThreadKey], set[ThreadKey]]:
    """Name all threads, and those of which more is known than one plain sale of this batch."""
    counts: dict[ThreadKey, int] = {}
    tracked: set[ThreadKey] = set()
    for document in documents:
        key = document.key
        counts[key] = counts.get(key, 0) + 1
        if document.kind != "sale" or document.resumed or counts[key] > 1:
            tracked.add(key)
    return counts, tracked


def _take_up(threads: dict[ThreadKey, Thread], documents: Iterable[_Earlier]) -> None:
    for each in documents:
        thread = threads.setdefault((each.store_id, each.thread_id), Thread())
        document = each.document_id, each.kind, each.day
        thread.absorb(document, restock=each.restock, stated=each.stated, moves=each.moves)


def _set_up(
    books: Books, pairs: Sequence[Pair], places: Iterable[_Place], make: Callable[[str, str], Shelf]
) -> None:
    known = books.known
    for (store_id, gtin), place in zip(pairs, places, strict=True):
        shelf = books.shelves[store_id, gtin] = make(store_id, gtin)
        if place.stock is not None:
            shelf.load(*place.stock)
        for lot in place.lots or ():
            shelf.add(lot)
        if place.zone is not None:
            known.zones[store_id] = place.zone
        if place.factors is not None:
            known.factors[gtin] = Factors.of(*place.factors)
        if place.currency is not None:
            known.currencies[gtin] = place.currency

"""Applies batches of sales documents to the stock."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.messaging.subscription import Poison
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.replenishment.review import review
from humidor_inventory.sales import queries
from humidor_inventory.sales.books import Admission, Books, open_books
from humidor_inventory.sales.planning import Context, Document, ThreadKey, plan, resolve_lines
from humidor_inventory.sales.recorded import Recorded
from humidor_inventory.sales.rules import Thread
from humidor_inventory.stock.flows import load_zones
from humidor_inventory.stock.service import add_named_lots, load_shelves, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves
from humidor_inventory.units.rules import MAX_STICKS, Factors, to_sticks

log = get_logger(__name__)


async def apply_parked(conn: Connection, gtins: Collection[str], *, now: datetime) -> int:
    """Apply the lines that waited for these products; the caller holds the catalogue for a change."""
    documents = await queries.take_parked(conn, gtins, now)
    if documents:
        await apply_documents(conn, documents, now=now)
    return len(documents)


async def take_documents(
    conn: Connection, documents: Mapping[UUID, Document], group: str, *, now: datetime
) -> int:
    """Apply the documents of those events that this consumer has not seen, in their order; gives how many.

    In this transaction, with a number of statements that is fixed.
    """
    books = await open_books(conn, list(documents.values()), Admission(group, list(documents)))
    new = [document for event_id, document in documents.items() if event_id in books.new_ids]
    if new:
        await _apply(conn, new, books, now=now)
    return len(new)


async def apply_documents(
    conn: Connection, documents: Sequence[Document], *, now: datetime, recorded: Recorded | None = None
) -> None:
    """Apply documents in their order, in this transaction, with a number of statements that is fixed.

    What was applied before is left out. A rebuild gives what the ledger has `recorded` of the documents.
    """
    make = recorded.shelf if recorded else Shelf
    books = await open_books(conn, documents, make=make)
    await _apply(conn, documents, books, now=now, make=make)


async def _apply(
    conn: Connection,
    documents: Sequence[Document],
    books: Books,
    *,
    now: datetime,
    make: Callable[[str, str], Shelf] = Shelf,
) -> None:
    shelves, known = await _load_shelves(conn, documents, books, make), books.known
    if make is Shelf:
        _refuse_absurd(documents, known.factors)
    for document in documents:
        document.day = local_date(document.occurred_at, known.zones.get(document.store_id, "UTC"))
    codes = {
        (d.store_id, line.code)
        for d in documents
        for line in d.lines
        if line.code is not None and not line.lot
    }
    lots_by_code = await queries.load_lots_by_code(conn, codes)
    context = Context(known.factors, known.currencies, shelves, books.threads, lots_by_code)
    result = plan(list(documents), context)
    if result.parked:
        log.warning("lines parked", extra={"lines": len(result.parked)})
        await queries.park(conn, result.parked, now)
    await write_shelves(conn, shelves, now=now, also=queries.documents_of(result.applied, now))
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)


async def _load_shelves(
    conn: Connection, documents: Sequence[Document], books: Books, make: Callable[[str, str], Shelf]
) -> Shelves:
    """Give the shelves of registered products, with those that only an earlier document of a sale names.

    Most lines name a product, so the lines' own GTINs were looked up first, and only what is not found as
    the GTIN of a carton or case.
    """
    shelves, known = books.shelves, books.known
    earlier = {(store_id, gtin) for (store_id, _), thread in books.threads.items() for gtin in thread.tallies}
    shelves |= await load_shelves(conn, earlier - shelves.keys(), make=make, known=known)
    await add_named_lots(conn, shelves, _named_lots(books.threads))
    units = await queries.load_units(conn, {gtin for _, gtin in shelves} - known.factors.keys())
    if units:
        resolve_lines(documents, units)
        resolved = {(d.store_id, line.gtin) for d in documents for line in d.lines}
        shelves |= await load_shelves(conn, resolved - shelves.keys(), make=make, known=known)
    silent = {document.store_id for document in documents} - {store_id for store_id, _ in shelves}
    known.zones.update(await load_zones(conn, silent))
    return {pair: shelf for pair, shelf in shelves.items() if pair[1] in known.factors}


def _named_lots(threads: dict[ThreadKey, Thread]) -> set[tuple[str, str, str]]:
    return {
        (store_id, gtin, lot)
        for (store_id, _), thread in threads.items()
        for gtin, tally in thread.tallies.items()
        for lot in tally.outstanding
    }


def _refuse_absurd(documents: Sequence[Document], factors: Mapping[str, Factors]) -> None:
    for document in documents:
        for line in document.lines:
            units = factors.get(line.gtin)
            if units and to_sticks(line.quantity, line.unit, units) > MAX_STICKS:
                raise Poison(f"line {line.line}: {line.quantity} {line.unit} is more than stock can hold")

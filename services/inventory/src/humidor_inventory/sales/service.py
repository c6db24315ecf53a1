"""Applies batches of sales documents to the stock."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.messaging.subscription import Poison
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.replenishment.review import review
from humidor_inventory.sales import queries
from humidor_inventory.sales.planning import Context, Document, ThreadKey, plan, resolve_lines
from humidor_inventory.sales.recorded import Recorded
from humidor_inventory.sales.rules import Thread
from humidor_inventory.stock.flows import load_zones
from humidor_inventory.stock.service import Known, load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves
from humidor_inventory.units.rules import MAX_STICKS, Factors, to_sticks

log = get_logger(__name__)


async def apply_parked(conn: Connection, gtins: Collection[str], *, now: datetime) -> int:
    """Apply the lines that waited for these products; the caller holds the catalogue for a change."""
    documents = await queries.take_parked(conn, gtins, now)
    if documents:
        await apply_documents(conn, documents, now=now)
    return len(documents)


async def apply_documents(
    conn: Connection, documents: Sequence[Document], *, now: datetime, recorded: Recorded | None = None
) -> None:
    """Apply documents in their order, in this transaction, with a number of statements that is fixed.

    What was applied before is left out. A rebuild gives what the ledger has `recorded` of the documents.
    """
    await lock_stores(conn, {document.store_id for document in documents})
    threads = await _load_threads(conn, documents)
    make = recorded.shelf if recorded else Shelf
    shelves, known = await _load_shelves(conn, documents, threads, make)
    if recorded is None:
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
    context = Context(known.factors, known.currencies, shelves, threads, lots_by_code)
    result = plan(list(documents), context)
    if result.parked:
        log.warning("lines parked", extra={"lines": len(result.parked)})
        await queries.park(conn, result.parked, now)
    await write_shelves(conn, shelves, now=now, also=queries.documents_of(result.applied, now))
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)


async def _load_shelves(
    conn: Connection,
    documents: Sequence[Document],
    threads: dict[ThreadKey, Thread],
    make: Callable[[str, str], Shelf],
) -> tuple[Shelves, Known]:
    """Load the shelves of registered products, and what is known of them and of the stores.

    Most lines name a product, so the lines' own GTINs are looked up first, and only what is not found as
    the GTIN of a carton or case.
    """
    known = Known({}, {}, {})
    pairs = {(d.store_id, line.gtin) for d in documents for line in d.lines}
    pairs.update((store_id, gtin) for (store_id, _), thread in threads.items() for gtin in thread.tallies)
    shelves = await load_shelves(conn, pairs, _named_lots(threads), make=make, known=known)
    units = await queries.load_units(conn, {gtin for _, gtin in pairs} - known.factors.keys())
    if units:
        resolve_lines(documents, units)
        resolved = {(d.store_id, line.gtin) for d in documents for line in d.lines}
        shelves |= await load_shelves(conn, resolved - pairs, make=make, known=known)
    silent = {document.store_id for document in documents} - {store_id for store_id, _ in pairs}
    known.zones.update(await load_zones(conn, silent))
    return {pair: shelf for pair, shelf in shelves.items() if pair[1] in known.factors}, known


async def _load_threads(conn: Connection, documents: Sequence[Document]) -> dict[ThreadKey, Thread]:
    """Load the threads of which more is known than one plain sale of this batch."""
    counts: dict[ThreadKey, int] = {}
    tracked: set[ThreadKey] = set()
    for document in documents:
        key = document.key
        counts[key] = counts.get(key, 0) + 1
        if document.kind != "sale" or document.resumed or counts[key] > 1:
            tracked.add(key)
    return await queries.load_threads(conn, counts, tracked=tracked)


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

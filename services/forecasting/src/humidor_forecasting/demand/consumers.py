"""Takes sales, orders and stock-outs; the same facts in any order make one history."""

from collections.abc import Sequence
from uuid import UUID

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderConfirmed
from humidor_common.events.inventory import AlertRaised
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_forecasting.demand import statements
from humidor_forecasting.demand.cells import cells_of, lock_stores, settle_threads
from humidor_forecasting.demand.rules import (
    Line,
    Unusable,
    Withdrawal,
    newest_attempts,
    read_event,
    read_stock_out,
    resolve_units,
)


async def on_demand(conn: Connection, batch: Sequence[Received]) -> None:
    """Apply sales, returns, voids and orders; a return or void may come before its sale."""
    lines, withdrawals = _read(batch)
    threads = {(line.store_id, line.thread_id) for line in lines}
    threads |= {(each.store_id, each.thread_id) for each in withdrawals}
    if not threads:
        return
    await lock_stores(conn, (store_id for store_id, _ in threads))
    before = await cells_of(conn, threads)
    if lines:
        units = await conn.fetch(statements.UNITS, sorted({line.gtin for line in lines}))
        lines = resolve_units(newest_attempts(lines), {row[0]: (row[1], row[2]) for row in units})
        await conn.execute(statements.ADD_LINES, *columns_of(lines))
        await conn.execute(statements.DROP_OLD_ATTEMPTS, *columns_of(sorted(threads)))
    if withdrawals:
        await conn.execute(statements.WITHDRAW, *columns_of(withdrawals))
    await settle_threads(conn, threads, before)


def _read(batch: Sequence[Received]) -> tuple[list[Line], list[Withdrawal]]:
    """Read a batch; a document that comes under two events counts once."""
    lines: list[Line] = []
    withdrawals: list[Withdrawal] = []
    seen: set[tuple[UUID, int]] = set()
    for received in batch:
        try:
            stated, withdrawn = read_event(received.event)
        except Unusable as error:
            raise Poison(str(error)) from error
        lines += [line for line in stated if (line.document_id, line.attempt) not in seen]
        seen |= {(line.document_id, line.attempt) for line in stated}
        withdrawals += withdrawn
    return lines, withdrawals


async def on_alert(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep the times in which a product was sold out: demand of these days is censored."""
    found = {}
    for received in batch:
        try:
            stock_out = read_stock_out(received.event)
        except Unusable as error:
            raise Poison(str(error)) from error
        if stock_out and (stock_out.closed_at or stock_out.alert_id not in found):
            found[stock_out.alert_id] = stock_out
    if found:
        await conn.execute(statements.KEEP_STOCK_OUTS, *columns_of(list(found.values())))


async def clear(conn: Connection) -> None:
    """Forget all demand; who follows a product or a time zone meanwhile waits for the locks."""
    stores = await conn.fetch("SELECT store_id FROM stores UNION SELECT DISTINCT store_id FROM demand_series")
    await lock_stores(conn, (row[0] for row in stores))
    for table in ("demand_lines", "withdrawals", "demand_days", "demand_series"):
        await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow("""
        SELECT count(*) AS days, sum(sold_sticks) AS sold, sum(requested_sticks) AS requested,
               sum(hashtextextended(concat_ws('|', store_id, gtin, day, sold_sticks, requested_sticks,
                                              cut_sticks, amount_minor, currency), 0))::text AS hash,
               (SELECT sum(hashtextextended(concat_ws('|', store_id, gtin, first_day, last_day), 0))::text
                FROM demand_series) AS hash_of_series
        FROM demand_days
    """)
    return dict(row) if row else {}


async def clear_stock_outs(conn: Connection) -> None:
    await conn.execute("DELETE FROM stock_outs")


async def digest_stock_outs(conn: Connection) -> Digest:
    row = await conn.fetchrow(
        "SELECT count(*) AS alerts, sum(hashtextextended(s::text, 0))::text AS hash FROM stock_outs s"
    )
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("forecasting.demand", (SaleRecorded.TOPIC, OrderConfirmed.TOPIC), on_demand)
STOCK_OUTS = Subscription("forecasting.stock-outs", (AlertRaised.TOPIC,), on_alert)
PROJECTION = Projection("demand", SUBSCRIPTION, clear, digest)
STOCK_OUT_PROJECTION = Projection("stock-outs", STOCK_OUTS, clear_stock_outs, digest_stock_outs)

"""Counts what a store moved on the days of its own clock, once that is corrected.

A sales document says on which day the daily flows count it, and so does each other entry of the ledger. What
falls on another day by the clock of now is taken out of the one and put into the other, some at a time, so
that sales of the store hardly wait; what comes meanwhile goes by the clock of now at once.
"""

from collections.abc import Mapping

from humidor_common.db.pool import Connection
from humidor_inventory.rollups.reopening import reopen
from humidor_inventory.stock.days import OF_SALES, among, named, sums_of_entries, sums_of_moves
from humidor_inventory.stock.flows import FILLED, adding
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.units.queries import change_catalogue

PRODUCTS_AT_ONCE, SALES_AT_ONCE = 20, 2_000

# In the order of names, so that those who wait for several do so in the same order.
_NOTED = "SELECT store_id FROM clock_corrections ORDER BY store_id"
# A clock that is being corrected again begins anew after that, so nobody waits for it with the store locked.
_DUE = "SELECT after_gtin, from_thread FROM clock_corrections WHERE store_id = $1 FOR UPDATE SKIP LOCKED"
LAST_GTIN = """
SELECT gtin FROM (SELECT gtin FROM stock WHERE store_id = $1 AND gtin > $2 ORDER BY gtin LIMIT $3) s
ORDER BY gtin DESC LIMIT 1
"""
LAST_THREAD = """
SELECT thread_id FROM (SELECT DISTINCT thread_id FROM sale_documents WHERE store_id = $1 AND thread_id >= $2
                       ORDER BY thread_id LIMIT $3) d
ORDER BY thread_id DESC LIMIT 1
"""
_GO_ON = "UPDATE clock_corrections SET after_gtin = $2, from_thread = $3 WHERE store_id = $1"
_END = "DELETE FROM clock_corrections WHERE store_id = $1"
# A day on which nothing is left would be the first of a product's history.
_DROP_EMPTY = f"DELETE FROM daily_flows WHERE store_id = $1 AND NOT ({FILLED})"  # noqa: S608 - our own names


def _move(found: str, remember: str, moves: str, sums: Mapping[str, str]) -> str:
    """Move what is `found`, as it `was` counted, to the day that it `becomes`; the store is $1."""
    late, flows = adding(tuple(sums), "SELECT * FROM moved")
    return f"""
WITH found AS MATERIALIZED ({found}), remembered AS ({remember}), moved AS MATERIALIZED (
    SELECT $1::text AS store_id, gtin, on_day.day, {named(sums)}
    FROM {moves} CROSS JOIN LATERAL (VALUES (was, -1), (becomes, 1)) on_day(day, sign)
    GROUP BY gtin, on_day.day
), late AS ({late}) {flows}
"""  # noqa: S608 - made of our own names


MOVE_ENTRIES = _move(
    f"""
    SELECT e.entry_id, gtin, reason, bucket, delta_sticks, coalesce(c.day, e.day) AS was, n.becomes
    FROM stock_ledger e JOIN stores t USING (store_id) LEFT JOIN entry_days c USING (store_id, entry_id)
    CROSS JOIN LATERAL (SELECT (recorded_at AT TIME ZONE time_zone)::date AS becomes) n
    WHERE e.store_id = $1 AND gtin > $2 AND gtin <= $3 AND NOT {among(OF_SALES)}
      AND n.becomes <> coalesce(c.day, e.day)""",  # noqa: S608 - made of constants
    """
    INSERT INTO entry_days (store_id, entry_id, day) SELECT $1, entry_id, becomes FROM found
    ON CONFLICT (store_id, entry_id) DO UPDATE SET day = excluded.day""",
    "found",
    sums_of_entries("sign"),
)
# A void is counted on the day of its sale.
MOVE_SALES = _move(
    """
    SELECT d.thread_id, d.document_id, d.kind, d.moves, d.day AS was, n.becomes
    FROM sale_documents d JOIN stores t USING (store_id)
    LEFT JOIN sale_documents s ON d.kind = 'void' AND s.store_id = d.store_id AND s.thread_id = d.thread_id
                              AND s.document_id = d.thread_id AND s.kind = 'sale'
    CROSS JOIN LATERAL (
        SELECT (coalesce(s.occurred_at, d.occurred_at) AT TIME ZONE time_zone)::date AS becomes) n
    WHERE d.store_id = $1 AND d.thread_id BETWEEN $2 AND $3 AND n.becomes <> d.day""",
    """
    UPDATE sale_documents d SET day = becomes FROM found f
    WHERE d.store_id = $1 AND d.thread_id BETWEEN $2 AND $3
      AND (d.thread_id, d.document_id, d.kind) = (f.thread_id, f.document_id, f.kind)""",
    "(SELECT kind, was, becomes, m, m->>0 AS gtin FROM found CROSS JOIN jsonb_array_elements(moves) m) f",
    sums_of_moves("sign"),
)


async def follow_clocks(conn: Connection) -> None:
    """Go through all stores whose clock was corrected; nobody else rolls up meanwhile."""
    for (store_id,) in await conn.fetch(_NOTED):
        await reopen(conn, store_id)
        more = True
        while more:
            async with conn.transaction():
                await lock_stores(conn, [store_id])
                more = await _follow(conn, store_id)


async def settle_clocks(conn: Connection) -> None:
    """Do so in this transaction, which nobody else changes stock until the end of."""
    await change_catalogue(conn)
    for (store_id,) in await conn.fetch(f"{_NOTED} FOR UPDATE"):
        while await _follow(conn, store_id):
            pass


async def _follow(conn: Connection, store_id: str) -> bool:
    """Go through some of what a store that is locked has moved: first other movements, then sales.

    Gives whether there may be more.
    """
    due = await conn.fetchrow(_DUE, store_id)
    if due is None:
        return False
    after, begin = due
    if last := await conn.fetchval(LAST_GTIN, store_id, after, PRODUCTS_AT_ONCE):
        await conn.execute(MOVE_ENTRIES, store_id, after, last)
        await conn.execute(_GO_ON, store_id, last, begin)
        return True
    # A sale with all that belongs to it is gone through at once, and the last one twice: then that is all.
    end = await conn.fetchval(LAST_THREAD, store_id, begin, SALES_AT_ONCE + 1)
    await conn.execute(MOVE_SALES, store_id, begin, end)
    if end is not None and end != begin:
        await conn.execute(_GO_ON, store_id, after, end)
        return True
    await conn.execute(_DROP_EMPTY, store_id)
    await conn.execute(_END, store_id)
    return False

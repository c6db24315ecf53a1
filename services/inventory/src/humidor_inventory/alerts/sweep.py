"""Looks at stores for what time brings: some stores at a time, from where the last look stopped."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.alerts import findings
from humidor_inventory.alerts import sweep_queries as queries
from humidor_inventory.alerts.reporting import close_ruled_off, reconcile
from humidor_inventory.alerts.rules import AlertKind, excess, project
from humidor_inventory.stock.service import lock_stores

STORES_AT_ONCE = 20
EVERY = timedelta(hours=1)
POLL_SECONDS = 5
BY_TIME = (
    AlertKind.PROJECTED_STOCK_OUT,
    AlertKind.OVERSTOCK,
    AlertKind.DEAD_STOCK,
    AlertKind.EXPIRING,
    AlertKind.EXPIRED,
)

_NEXT = """
SELECT s.after_store_id, ARRAY(
    SELECT store_id FROM stores WHERE store_id > s.after_store_id ORDER BY store_id LIMIT $2) AS store_ids
FROM alert_sweeps s WHERE name = 'stores' AND due_at <= $1
"""
_LOCK_NEXT = """
SELECT after_store_id FROM alert_sweeps WHERE name = 'stores' AND due_at <= $1 FOR UPDATE SKIP LOCKED
"""
_ADVANCE = """
UPDATE alert_sweeps
SET after_store_id = $1, started_at = CASE WHEN $3 THEN $2::timestamptz ELSE started_at END
WHERE name = 'stores'
"""
_FINISH = """
UPDATE alert_sweeps SET after_store_id = '', finished_at = $1, due_at = $2 WHERE name = 'stores'
"""

log = get_logger(__name__)


async def keep_sweeping(pool: Pool) -> None:
    """Sweep all stores every hour, or when asked to, until cancelled."""
    while True:
        more = False
        try:
            more = await sweep_next(pool, now=utc_now())
        except DATABASE_ERRORS as error:
            log.warning("sweep interrupted, going on later", extra={"error": repr(error)})
        await asyncio.sleep(0 if more else POLL_SECONDS)


async def sweep_next(pool: Pool, *, now: datetime) -> bool:
    """Sweep the next stores if a sweep is due; gives whether there is more to do.

    How far it has come is written with what was found, so a worker that dies leaves its place to the next.
    """
    row = await pool.fetchrow(_NEXT, now, STORES_AT_ONCE)
    if row is None:
        return False
    after, store_ids = row
    if store_ids:
        async with transaction(pool) as conn:
            await sweep_shelves(conn, store_ids, now=now)
    async with transaction(pool) as conn:
        if await conn.fetchval(_LOCK_NEXT, now) != after:
            return False
        if not store_ids:
            await conn.execute(_FINISH, now, now + EVERY)
            return False
        await sweep_time(conn, store_ids, now=now)
        await conn.execute(_ADVANCE, store_ids[-1], now, after == "")
    return True


async def sweep_shelves(conn: Connection, store_ids: Sequence[str], *, now: datetime) -> None:
    """Look for what changes of stock raise at once too, and for alerts whose rule was turned off.

    Locks the stores, because sales open and close the same alerts; it reads no more than what is sold out.
    """
    await lock_stores(conn, store_ids)
    rules = await queries.load_rules(conn, store_ids)
    await close_ruled_off(conn, store_ids, now=now)
    found = await findings.sold_out(conn, await queries.load_sold_out(conn, store_ids, now), rules)
    found += [findings.negative(row) for row in await queries.load_negative(conn, store_ids)]
    await reconcile(conn, [AlertKind.STOCK_OUT, AlertKind.NEGATIVE], store_ids, found, now=now)
    await queries.refresh_figures(conn, store_ids, now)


async def sweep_time(conn: Connection, store_ids: Sequence[str], *, now: datetime) -> None:
    """Look for stock that will run out, is too much, lies dead, expires or has expired."""
    rules = await queries.load_rules(conn, store_ids)
    stocked = await queries.load_stocked(conn, store_ids, now)
    shelves = [shelf for shelf, _ in stocked]
    carried = [shelf for shelf, active in stocked if active]
    found = await findings.by_demand(conn, AlertKind.PROJECTED_STOCK_OUT, carried, rules, project)
    found += await findings.by_demand(conn, AlertKind.OVERSTOCK, shelves, rules, excess)
    found += await findings.dead_stock(conn, shelves, rules)
    lots = await queries.load_expiring(conn, store_ids, rules, now)
    found += [finding for row in lots if (finding := findings.expiry(row, rules))]
    await reconcile(conn, BY_TIME, store_ids, found, now=now)

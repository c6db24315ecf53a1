"""Keeps the rollups: follows catalogue and clocks, closes days, adds what is late; one session at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from humidor_common.clock import local_date, utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.rollups.adding import ROLLUPS
from humidor_inventory.rollups.clocks import follow_clocks
from humidor_inventory.rollups.closing import add_late, close_days
from humidor_inventory.rollups.restating import follow_catalogue, learn_products
from humidor_inventory.stock.service import lock_stores

EVERY_SECONDS = 10
_ROLLING = 7_301_010

log = get_logger(__name__)

_STORES = """
SELECT s.store_id, s.time_zone, c.through FROM stores s LEFT JOIN closed_days c USING (store_id)
ORDER BY s.store_id
"""


async def keep_rollups(pool: Pool) -> None:
    """Roll up again and again until cancelled; what fails is tried again, and reports are right meanwhile."""
    while True:
        try:
            await roll_up(pool, now=utc_now())
        except DATABASE_ERRORS as error:
            log.warning("turnover was not rolled up", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


async def roll_up(pool: Pool, *, now: datetime) -> None:
    """Follow the catalogue and corrected clocks, close every day that is over where its store is.

    What came late is added.
    """
    async with _alone(pool) as conn:
        if conn is None:
            return
        await add_late(conn)
        await follow_catalogue(conn)
        await follow_clocks(conn)
        for store_id, zone, closed in await conn.fetch(_STORES):
            yesterday, through = local_date(now, zone) - timedelta(days=1), closed
            while through is None or through < yesterday:
                async with conn.transaction():
                    await lock_stores(conn, [store_id])
                    await learn_products(conn)
                    through = await close_days(conn, store_id, yesterday)
        await add_late(conn)


async def forget_rollups(conn: Connection) -> None:
    """Open every day again, so that the rollups are added up anew; reports read the daily flows meanwhile.

    Whoever calls keeps writers of stock out. What waits goes first: a session that is adding it has the rows
    locked, and what it adds is deleted after them.
    """
    for table in ("flow_corrections", "closed_days", *ROLLUPS):
        await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[Connection | None]:
    """Give a connection on which nobody else rolls up, or None where somebody does."""
    async with pool.acquire() as conn:
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _ROLLING):
            yield None
            return
        try:
            yield conn
        finally:
            if not conn.is_closed():
                await conn.execute("SELECT pg_advisory_unlock($1)", _ROLLING)

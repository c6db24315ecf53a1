"""Calculates, piece by piece, the policies of products whose lead times have changed."""

import asyncio

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.policies import queries
from humidor_inventory.policies.recalculation import recalculate

EVERY_SECONDS = 1.0
PIECE = 500

log = get_logger(__name__)


async def recalculate_due(runtime: Runtime) -> None:
    """Work until cancelled; several workers share it, and what one leaves half done another goes on with."""
    while True:
        try:
            while await recalculate_piece(runtime.pool):
                runtime.wake_relay()
        except DATABASE_ERRORS as error:
            log.warning("no policies calculated anew", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


async def recalculate_piece(pool: Pool, *, size: int = PIECE) -> bool:
    """Calculate up to `size` policies of one product in one transaction; False where none is due.

    The product is taken by a lock that nobody waits for. Its row is changed last, when all other locks are
    held, so that whoever asks for it again meanwhile never waits in a circle.
    """
    async with transaction(pool) as conn:
        for gtin, asked_at, after in await conn.fetch(queries.DUE):
            if not await conn.fetchval(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7301011))", gtin
            ):
                continue
            rows = await conn.fetch(queries.DUE_POLICIES, gtin, after, size)
            if rows:
                await recalculate(conn, [(row[0], row[1]) for row in rows], now=utc_now())
            if len(rows) == size:
                await conn.execute(queries.ADVANCE, gtin, asked_at, rows[-1][0])
            else:
                await conn.execute(queries.DONE, gtin, asked_at)
            return True
    return False

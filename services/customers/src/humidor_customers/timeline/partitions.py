"""Keeps partitions of the timeline ready for the quarters to come."""

import asyncio
from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger

QUARTERS_AHEAD = 2
EVERY_SECONDS = 6 * 3600
WAIT = timedelta(days=90)

log = get_logger(__name__)


async def keep_timeline(pool: Pool) -> None:
    """Make partitions and forget what has waited too long for its sale, now and then until cancelled.

    Where no partition is made, entries go to the one of all later moments and nothing is lost.
    """
    while True:
        try:
            made = await pool.fetchval("SELECT ensure_timeline_partitions($1)", QUARTERS_AHEAD)
            if made:
                log.info("timeline partitions made", extra={"count": made})
            await pool.execute("DELETE FROM timeline_waiting WHERE happened_at < $1", utc_now() - WAIT)
        except DATABASE_ERRORS as error:
            log.warning("timeline not tidied", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)

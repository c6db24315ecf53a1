"""Keeps partitions of the ledger ready for the months to come."""

import asyncio

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger

MONTHS_AHEAD = 3
EVERY_SECONDS = 6 * 3600

log = get_logger(__name__)


async def keep_partitions(pool: Pool) -> None:
    """Make the partitions of this and the next months, now and then again until cancelled.

    Where it fails, entries go to the default partition and nothing is lost.
    """
    while True:
        try:
            made = await pool.fetchval("SELECT ensure_stock_ledger_partitions($1)", MONTHS_AHEAD)
            if made:
                log.info("ledger partitions made", extra={"count": made})
        except DATABASE_ERRORS as error:
            log.warning("no ledger partitions made", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)

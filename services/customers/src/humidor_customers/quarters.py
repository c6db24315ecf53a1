"""Keeps tables that are partitioned by quarter ready for the quarters to come."""

import asyncio
from datetime import timedelta
from typing import NamedTuple

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger

QUARTERS_AHEAD = 2
EVERY_SECONDS = 6 * 3600
WAIT = timedelta(days=90)

log = get_logger(__name__)


class Quarters(NamedTuple):
    """A table, the column by whose quarters it is divided, and what forgets all that waits since $1."""

    table: str
    moment: str
    forget: str


async def keep_quarters(pool: Pool, kept: Quarters) -> None:
    """Make partitions and forget what has waited too long for its sale, now and then until cancelled.

    Where no partition is made, rows go to the one of all later moments and nothing is lost.
    """
    while True:
        try:
            made = await pool.fetchval(
                "SELECT ensure_quarters($1, $2, $3)", kept.table, kept.moment, QUARTERS_AHEAD
            )
            if made:
                log.info("partitions made", extra={"table": kept.table, "count": made})
            await pool.execute(kept.forget, utc_now() - WAIT)
        except DATABASE_ERRORS as error:
            log.warning("table not tidied", extra={"table": kept.table, "error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)

"""Keeps tables that are partitioned by quarter ready for the quarters to come."""

from datetime import timedelta
from typing import NamedTuple

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
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

    async def look() -> bool:
        made = await pool.fetchval(
            "SELECT ensure_quarters($1, $2, $3)", kept.table, kept.moment, QUARTERS_AHEAD
        )
        if made:
            log.info("partitions made", extra={"table": kept.table, "count": made})
        await pool.execute(kept.forget, utc_now() - WAIT)
        return False

    await keep(look, f"{kept.table} not tidied", every_seconds=EVERY_SECONDS)

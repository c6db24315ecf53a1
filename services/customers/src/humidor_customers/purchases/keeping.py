"""Keeps purchases in order, now and then: partitions for the quarters to come, and what came out of turn."""

import asyncio
from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.telemetry.logs import get_logger
from humidor_customers.purchases.service import tidy

QUARTERS_AHEAD = 2
EVERY_SECONDS = 5
WAIT = timedelta(days=90)

log = get_logger(__name__)


async def keep_purchases(pool: Pool) -> None:
    """Work until cancelled; where no partition is made, lines go to the last one and nothing is lost."""
    while True:
        try:
            if made := await pool.fetchval("SELECT ensure_purchases_partitions($1)", QUARTERS_AHEAD):
                log.info("purchases partitions made", extra={"count": made})
            await pool.execute("DELETE FROM purchase_returns WHERE taken_at < $1", utc_now() - WAIT)
            await tidy(pool)
        except DATABASE_ERRORS as error:
            log.warning("purchases not tidied", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)

"""Has models fitted anew when they have grown old, so that scores follow what customers do."""

from datetime import datetime, timedelta

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.jobs.service import SCHEDULE, start_job
from humidor_customers.value import queries
from humidor_customers.value.service import KIND

EVERY_SECONDS = 600
RETRY = timedelta(hours=6)
"""What failed is tried again so much later: by then more may be known, or what was broken mended."""


async def start_due(conn: Connection, *, period: timedelta, now: datetime) -> int:
    """Queue a job for each model of a kind that was last fitted a period ago, or failed a while ago.

    Only for those that are in force or that somebody has asked for, with what was asked for last, and never
    beside one that has not ended. One that somebody cancelled waits for the next period. Gives how many.
    """
    await queries.lock_cadence(conn)
    due = await queries.due(conn, KIND, fitted_before=now - period, failed_before=now - min(RETRY, period))
    for parameters in due:
        await start_job(conn, SCHEDULE, KIND, parameters, now=now)
    return len(due)


async def keep_models(pool: Pool, period_days: int) -> None:
    """Look now and then until cancelled; with a period of no days, never."""

    async def look() -> bool:
        if period_days:
            async with transaction(pool) as conn:
                await start_due(conn, period=timedelta(days=period_days), now=utc_now())
        return False

    await keep(look, "no models fitted anew", every_seconds=EVERY_SECONDS)

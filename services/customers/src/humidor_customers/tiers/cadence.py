"""Starts the scoring of a period when the scheme in force says that it is due; a person publishes it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.web.problems import Problem
from humidor_customers.jobs.service import SCHEDULE, start_job
from humidor_customers.jobs.working import Job, Undoable
from humidor_customers.tiers import queries
from humidor_customers.tiers.rules import last_period
from humidor_customers.tiers.schemas import ScoringInput
from humidor_customers.tiers.scoring import score_customers

KIND = "tier_scoring"
EVERY_SECONDS = 600


async def start_due(conn: Connection, *, now: datetime) -> int:
    """Queue a job for each scheme in force whose last period has been over long enough and is not scored.

    It is queued once for a period, whatever becomes of it: a person may score it again. Gives how many.
    """
    started = 0
    for scheme in await queries.all_in_force(conn):
        if scheme.scored_days_after is None:
            continue
        await queries.lock_code(conn, scheme.code)
        period = last_period(scheme.cadence, now.date() - timedelta(days=scheme.scored_days_after))
        if await queries.is_scored(conn, scheme.scheme_id, period, KIND):
            continue
        parameters = {"scheme_id": str(scheme.scheme_id)} | _days(period)
        await start_job(conn, SCHEDULE, KIND, parameters, now=now)
        started += 1
    return started


async def keep_scoring(pool: Pool) -> None:
    """Look now and then until cancelled."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            await start_due(conn, now=utc_now())
        return False

    await keep(look, "no scoring started", every_seconds=EVERY_SECONDS)


async def run_scoring(job: Job) -> Mapping[str, Any]:
    """Score the customers; nobody's tier changes before a person has published it."""
    given = dict(job.parameters)
    scheme_id = UUID(given.pop("scheme_id"))
    job.say(0.1, "scoring")
    try:
        async with transaction(job.pool) as conn:
            await job.keep(conn)
            scoring = await score_customers(
                conn, SCHEDULE, scheme_id, ScoringInput(**given), now=utc_now(), calculate=job.calculate
            )
    except Problem as problem:
        raise Undoable(problem.code, problem.detail) from problem
    return {"scoring_id": str(scoring.scoring_id), "customers": scoring.customers}


def _days(period: tuple[date, date]) -> dict[str, str]:
    return {"starts_on": period[0].isoformat(), "ends_on": period[1].isoformat()}

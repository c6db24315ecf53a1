"""The job that drops every sum of the market and makes it anew of what was bought."""

import asyncio
from collections.abc import Mapping
from typing import Any

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.web.problems import Problem
from humidor_customers.jobs import queries as jobs
from humidor_customers.jobs.schemas import JobView
from humidor_customers.jobs.service import start_job
from humidor_customers.jobs.working import Job
from humidor_customers.market.summing import POLL_SECONDS, start_anew, sum_up

KIND = "market_rebuild"
_LEFT = """
SELECT count(*) FROM market_stores_to_sum HAVING count(*) > 0 OR EXISTS (SELECT FROM purchase_days_changed)
"""


async def start_rebuild(conn: Connection, principal: Principal) -> JobView:
    """Queue the job.

    Raises:
        Problem: 409 `rebuild-under-way`.
    """
    if await jobs.is_open(conn, KIND):
        raise Problem(409, "rebuild-under-way", "The sums are being made anew; see /v1/jobs.")
    return await start_job(conn, principal, KIND, {}, now=utc_now())


async def rebuild(job: Job) -> Mapping[str, Any]:
    """Drop the sums, and sum up beside what the worker does by itself until nothing waits.

    What is dropped is made anew in any case: whoever cancels it then leaves the rest to the worker.
    """
    job.say(0.0, "dropping")
    async with transaction(job.pool) as conn:
        await job.keep(conn)
        stores = await start_anew(conn)
    while (left := await _left(job.pool)) is not None:
        job.say(max(1 - left / max(stores, 1), 0.0), "summing")
        if not await sum_up(job.pool, look=False):
            await asyncio.sleep(POLL_SECONDS)  # another worker sums at this moment
    return {"stores": stores}


async def _left(pool: Pool) -> int | None:
    """Count the stores whose turn has not come; None where nothing waits for its sums."""
    left: int | None = await pool.fetchval(_LEFT)
    return left

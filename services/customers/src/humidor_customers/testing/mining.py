"""For tests: runs that are asked for through HTTP and mined in this process."""

from typing import Any

from humidor_customers.jobs.working import Job, work_once
from humidor_customers.mining import work
from humidor_customers.mining.running import outcome_of
from humidor_customers.testing.desk import Desk

SCOPE = {"since": "2026-06-01", "until": "2026-10-31"}


async def ask(desk: Desk, **params: Any) -> str:
    made = await desk.ask("POST", "/v1/mining/runs", json={"params": SCOPE | params}, expect=202)
    return str(made["job_id"])


async def mine(desk: Desk, *, dask_address: str | None = None, **params: Any) -> tuple[str, dict[str, Any]]:
    """Have it mined in this process (or on a cluster from here), as the process of the worker does."""
    run_id = await ask(desk, **params)
    told: list[dict[str, Any]] = []

    async def here(job: Job) -> dict[str, Any]:
        await work.carry_out(work.Order(desk.runtime.settings.pg_dsn, job.claimed, dask_address), told.append)
        return dict(outcome_of(told[-1]))

    await work_once(desk.runtime.pool, {f"mining_{params['kind']}": here})
    job = await desk.ask("GET", f"/v1/jobs/{run_id}")
    if job["state"] != "done":
        raise AssertionError(job)
    return run_id, job["result"]


async def found(desk: Desk, run_id: str, what: str, **params: Any) -> list[dict[str, Any]]:
    page = await desk.ask("GET", f"/v1/mining/runs/{run_id}/{what}", params=params)
    rows: list[dict[str, Any]] = page["items"]
    return rows

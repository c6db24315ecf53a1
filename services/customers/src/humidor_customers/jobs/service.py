"""Starts and ends jobs: work that takes longer than a request may."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, not_found
from humidor_customers.figures import FigureRow, rows_of
from humidor_customers.jobs import queries
from humidor_customers.jobs.schemas import JobView

SCHEDULE = Principal(subject="schedule", kind="system")
"""Who asks for what comes by itself."""


async def start_job(
    conn: Connection, principal: Principal, kind: str, parameters: dict[str, Any], *, now: datetime
) -> JobView:
    """Queue a job; the worker that has a handler of this kind does it.

    `parameters` are checked already: what is refused is refused at the request, not in the job.
    """
    view = JobView(
        job_id=uuid7(),
        kind=kind,
        parameters=parameters,
        state="queued",
        progress=0,
        stage="",
        result=None,
        code=None,
        detail=None,
        created_by=principal.subject,
        created_at=now,
        started_at=None,
        ended_at=None,
    )
    await queries.insert(conn, view)
    await audit.record(conn, principal, "start", "job", str(view.job_id), after={"kind": kind} | parameters)
    return view


async def get_job(conn: Connection, job_id: UUID) -> JobView:
    found = await queries.read(conn, job_id)
    if found is None:
        raise not_found("job", job_id)
    return found


async def list_figures(conn: Connection, job_id: UUID) -> list[FigureRow]:
    """Give what a job was asked for and what it came to as a table.

    Raises:
        Problem: 404.
    """
    found = await get_job(conn, job_id)
    return rows_of({"parameters": found.parameters, "result": found.result})


async def cancel_job(conn: Connection, principal: Principal, job_id: UUID, *, now: datetime) -> JobView:
    """End a job that has not ended; what it was doing is dropped.

    Raises:
        Problem: 404; 409 `job-ended`.
    """
    found = await get_job(conn, job_id)
    if not await queries.cancel(conn, job_id, now=now):
        raise Problem(409, "job-ended", f"The job is {found.state}.")
    await audit.record(conn, principal, "cancel", "job", str(job_id))
    return await get_job(conn, job_id)

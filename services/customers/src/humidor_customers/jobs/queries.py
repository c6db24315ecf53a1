"""Statements over jobs; whoever works on one holds it by a lease."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.jobs.schemas import Filters, JobView

LEASE = timedelta(minutes=2)
KEPT = timedelta(days=365)
MOST_TRIES = 3

_COLUMNS = ", ".join(JobView.model_fields)
_OPEN = "state IN ('queued', 'running')"
_CLAIM = f"""
WITH chosen AS (
    SELECT job_id FROM jobs WHERE {_OPEN} AND due_at <= $1 AND (kind = ANY($3::text[])) = $4
    ORDER BY due_at, job_id LIMIT 1
    FOR UPDATE SKIP LOCKED)
UPDATE jobs j SET state = 'running', lease = j.lease + 1, due_at = $2, started_at = coalesce(j.started_at, $1)
FROM chosen WHERE j.job_id = chosen.job_id
RETURNING j.job_id, j.kind, j.parameters, j.lease
"""  # noqa: S608 - our own text


class Claimed(NamedTuple):
    """A job that this worker holds."""

    job_id: UUID
    kind: str
    parameters: dict[str, Any]
    lease: int


async def insert(conn: Connection, view: JobView) -> None:
    await insert_row(conn, "jobs", view.model_dump() | {"due_at": view.created_at, "lease": 0})


class Lane(NamedTuple):
    """Which jobs to take: those of some kinds (`inside`), or all others."""

    kinds: tuple[str, ...] = ()
    inside: bool = False


EVERY = Lane()


async def claim(conn: Connection, lane: Lane = EVERY, *, now: datetime) -> Claimed | None:
    """Take the job that is due longest, also one whose worker has not been heard of for a lease."""
    row = await conn.fetchrow(_CLAIM, now, now + LEASE, list(lane.kinds), lane.inside)
    return None if row is None else Claimed(*row)


async def beat(conn: Connection, job: Claimed, progress: float, stage: str, *, now: datetime) -> bool:
    """Say how far a held job is and make its lease longer; False where it is not ours any more."""
    done = await conn.execute(
        """UPDATE jobs SET progress = $3, stage = $4, due_at = $5
           WHERE job_id = $1 AND lease = $2 AND state = 'running'""",
        job.job_id,
        job.lease,
        progress,
        stage,
        now + LEASE,
    )
    return bool(done == "UPDATE 1")


async def hold(conn: Connection, job: Claimed) -> bool:
    """Keep a held job from being cancelled or taken over until this transaction ends."""
    held = await conn.fetchval(
        "SELECT true FROM jobs WHERE job_id = $1 AND lease = $2 AND state = 'running' FOR UPDATE",
        job.job_id,
        job.lease,
    )
    return bool(held)


async def end(
    conn: Connection, job: Claimed, outcome: Mapping[str, Any] | tuple[str, str], *, now: datetime
) -> None:
    """End a held job with its result, or with code and detail of what failed."""
    failed = isinstance(outcome, tuple)
    code, detail = outcome if isinstance(outcome, tuple) else (None, None)
    await conn.execute(
        """UPDATE jobs SET state = $3, result = $4, code = $5, detail = $6, ended_at = $7,
                  progress = CASE WHEN $3 = 'done' THEN 1 ELSE progress END
           WHERE job_id = $1 AND lease = $2 AND state = 'running'""",
        job.job_id,
        job.lease,
        "failed" if failed else "done",
        None if failed else outcome,
        code,
        detail,
        now,
    )


async def cancel(conn: Connection, job_id: UUID, *, now: datetime) -> bool:
    done = await conn.execute(
        f"UPDATE jobs SET state = 'cancelled', ended_at = $2 WHERE job_id = $1 AND {_OPEN}",  # noqa: S608
        job_id,
        now,
    )
    return bool(done == "UPDATE 1")


async def is_open(conn: Connection, kind: str) -> bool:
    """Say whether a job of a kind waits or is under way."""
    found: bool = await conn.fetchval(
        f"SELECT EXISTS (SELECT FROM jobs WHERE kind = $1 AND {_OPEN})",  # noqa: S608 - a constant
        kind,
    )
    return found


async def read(conn: Connection, job_id: UUID) -> JobView | None:
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM jobs WHERE job_id = $1", job_id)  # noqa: S608
    return None if row is None else JobView(**row)


async def page(conn: Connection, filters: Filters, *, before: UUID, limit: int) -> list[JobView]:
    """Read jobs, the newest first."""
    query = Conditions()
    query.where("job_id < ?", before)
    for name in ("kind", "state"):
        if (value := getattr(filters, name)) is not None:
            query.where(f"{name} = ?", value)
    statement = f"SELECT {_COLUMNS} FROM jobs WHERE {query.sql} ORDER BY job_id DESC LIMIT {limit}"  # noqa: S608
    return [JobView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def forget_old(conn: Connection, *, now: datetime) -> None:
    await conn.execute("DELETE FROM jobs WHERE ended_at < $1", now - KEPT)

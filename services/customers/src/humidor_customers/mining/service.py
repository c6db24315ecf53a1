"""Takes on what is to be mined, and gives what was found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.jobs.schemas import JobView
from humidor_customers.jobs.service import get_job, start_job
from humidor_customers.mining import queries
from humidor_customers.mining.schemas import Kind, RunInput

MOST_DAYS = 3 * 366
PREFIX = "mining_"


async def start_run(conn: Connection, principal: Principal, given: RunInput, *, now: datetime) -> JobView:
    """Queue a job that mines.

    Raises:
        Problem: 422 for days that are none or too many.
    """
    params = given.params
    if params.since > params.until:
        raise invalid("params.until", "is before since")
    if (params.until - params.since).days >= MOST_DAYS:
        raise invalid("params.since", f"a run covers at most {MOST_DAYS} days")
    return await start_job(conn, principal, PREFIX + params.kind, params.model_dump(mode="json"), now=now)


async def read_rows(
    conn: Connection,
    run: tuple[UUID, Kind],
    *,
    customer_id: str | None = None,
    after: int,
    limit: int,
) -> list[tuple[int, dict[str, Any]]]:
    """Read what a run of this kind found, in its order.

    Raises:
        Problem: 404 where there is no such run of the kind; 409 `run-not-done`.
    """
    await _check_done(conn, run)
    return await queries.page(conn, run[0], customer_id=customer_id, after=after, limit=limit)


async def read_items(
    conn: Connection, run: tuple[UUID, Kind], *, after: tuple[int, Any, int], limit: int
) -> list[dict[str, Any]]:
    """Read the items of what a run of associations or sequences found, one by one.

    Raises:
        Problem: as for its rows.
    """
    await _check_done(conn, run)
    statement = queries.RULE_ITEMS if run[1] == "associations" else queries.SEQUENCE_ITEMS
    return await queries.page_items(conn, statement, run[0], after=after, limit=limit)


async def _check_done(conn: Connection, run: tuple[UUID, Kind]) -> None:
    found = await get_job(conn, run[0])
    if found.kind != PREFIX + run[1]:
        raise not_found(f"run of {run[1]}", run[0])
    if found.state != "done":
        raise Problem(409, "run-not-done", f"The run is {found.state}.")

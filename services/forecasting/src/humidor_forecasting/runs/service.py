"""Starts, shows and ends runs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_forecasting.models.names import model_names
from humidor_forecasting.runs import queries
from humidor_forecasting.runs.rules import PROBABILITIES
from humidor_forecasting.runs.schemas import RunInput, RunView
from humidor_forecasting.versions import library_versions


async def start_run(conn: Connection, principal: Principal, asked: RunInput, *, now: datetime) -> RunView:
    """Queue a run; the worker does it.

    Raises:
        Problem: 403 for stores that are not the caller's, 422 naming what is wrong.
    """
    check_sight(principal, asked)
    for position, name in enumerate(asked.models):
        if name not in model_names():
            raise invalid(f"models[{position}]", "is no model; GET /v1/models lists them")
    run_id = uuid7()
    terms = (
        principal.subject,
        asked.store_ids,
        asked.gtins,
        asked.only_changed,
        asked.horizon_days,
        asked.probabilities,
        asked.models,
        None,
        library_versions(),
    )
    await queries.start(conn, run_id, terms, now=now)
    await audit.record(conn, principal, "start", "forecast-run", str(run_id), after=asked)
    return await get_run(conn, run_id)


async def start_scheduled(
    conn: Connection, horizon_days: int, *, whole_every_days: int, now: datetime
) -> bool:
    """Queue the run of the day, once however many workers there are.

    It leaves out series of which nothing has changed since they were forecast, but for the first run in
    `whole_every_days` days.
    """
    if await queries.scheduled(conn, now.date()):
        return False
    whole = await queries.whole_due(conn, since=now.date() - timedelta(days=whole_every_days))
    terms: tuple[Any, ...] = (
        "schedule",
        None,
        None,
        not whole,
        horizon_days,
        list(PROBABILITIES),
        [],
        now.date(),
        library_versions(),
    )
    return await queries.start(conn, uuid7(), terms, now=now)


async def get_run(conn: Connection, run_id: UUID) -> RunView:
    found = await queries.read(conn, run_id)
    if found is None:
        raise not_found("run", run_id)
    return found


async def cancel_run(conn: Connection, principal: Principal, run_id: UUID, *, now: datetime) -> RunView:
    """End a run; forecasts that it has issued stay.

    Raises:
        Problem: 404, or 409 where it has ended.
    """
    before = await get_run(conn, run_id)
    check_sight(principal, before)
    if not await queries.cancel(conn, run_id, now=now):
        raise Problem(409, "run-ended", f"The run is {before.state} already.")
    await audit.record(conn, principal, "cancel", "forecast-run", str(run_id), before={"state": before.state})
    return await get_run(conn, run_id)


def check_sight(principal: Principal, run: RunInput | RunView) -> None:
    """Refuse a run over stores that are not all the caller's.

    Raises:
        Problem: 403 `store-forbidden`.
    """
    if run.store_ids is None:
        principal.check_every_store()
    for store_id in run.store_ids or ():
        principal.check_store(store_id)

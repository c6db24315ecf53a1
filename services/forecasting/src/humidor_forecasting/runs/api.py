"""Runs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.inputs import NEWEST, Reader, Writer
from humidor_forecasting.runs import queries, service
from humidor_forecasting.runs.schemas import RunInput, RunSeriesView, RunView, SeriesState

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.post("", status_code=202, response_model=RunView)
async def post_run(conn: Tx, principal: Writer, run: RunInput, idempotency: Idempotency) -> Response:
    """Start a run: the worker forecasts each series and publishes it; `GET` shows how far it is."""
    return await idempotency.run(
        conn, lambda: service.start_run(conn, principal, run, now=utc_now()), status=202
    )


@router.get("")
async def list_runs(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[RunView]:
    """Read runs, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].run_id) if more else None)


@router.get("/{run_id}")
async def get_run(conn: Read, principal: Reader, run_id: UUID) -> RunView:
    """Read how far a run is."""
    found = await service.get_run(conn, run_id)
    service.check_sight(principal, found)
    return found


@router.get("/{run_id}/series")
async def list_series(
    conn: Read,
    principal: Reader,
    run_id: UUID,
    state: Annotated[SeriesState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RunSeriesView]:
    """Read what became of each series, and why."""
    service.check_sight(principal, await service.get_run(conn, run_id))
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await queries.page_series(conn, run_id, state=state, after=(after[0], after[1]), limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.store_id, last.gtin) if last else None)


@router.post("/{run_id}:cancel")
async def cancel_run(conn: Tx, principal: Writer, run_id: UUID) -> RunView:
    """End a run; what it has published stays."""
    return await service.cancel_run(conn, principal, run_id, now=utc_now())

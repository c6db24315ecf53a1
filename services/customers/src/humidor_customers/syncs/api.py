"""Runs of connectors and records that failed, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Reason
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.connectors.schemas import ConnectorId
from humidor_customers.exchange import failures
from humidor_customers.exchange.schemas import FailureFilters, FailureView
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.syncs import runs, service
from humidor_customers.syncs.schemas import ItemView, Retry, RunInput, RunView

router = APIRouter(prefix="/v1", tags=["connectors"])

ConnectorPath = Annotated[ConnectorId, Path()]


@router.post("/connectors/{connector_id}/runs", status_code=202, response_model=RunView)
async def post_run(
    conn: Tx, principal: Writer, connector_id: ConnectorPath, run: RunInput, idempotency: Idempotency
) -> Response:
    """Start a run, or a dry run; the worker does it."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.start_run(conn, principal, connector_id, run, now=utc_now()), status=202
    )


@router.get("/connectors/{connector_id}/runs")
async def list_runs(
    conn: Read,
    principal: Reader,
    connector_id: ConnectorPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RunView]:
    """Read the runs of a connector, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await runs.page(conn, connector_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].run_id) if more else None)


@router.get("/sync-runs/{run_id}")
async def get_run(conn: Read, principal: Reader, run_id: UUID) -> RunView:
    """Read how far a run is, what it came to and why it waits or failed."""
    principal.check_every_store()
    return await service.get_run(conn, run_id)


@router.get("/sync-runs/{run_id}/items")
async def list_items(
    conn: Read, principal: Reader, run_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ItemView]:
    """Read what a dry run would do with each record, or what was decided where both sides had changed it."""
    principal.check_every_store()
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await runs.page_items(conn, run_id, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].item_id) if more else None)


@router.post("/sync-runs/{run_id}:cancel")
async def cancel_run(conn: Tx, principal: Writer, run_id: UUID) -> RunView:
    """End a run; what it has done stays."""
    principal.check_every_store()
    return await service.cancel_run(conn, principal, run_id, now=utc_now())


@router.get("/sync-failures")
async def list_failures(
    conn: Read,
    principal: Reader,
    filters: Annotated[FailureFilters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[FailureView]:
    """Read records that could not be taken or sent, the oldest first."""
    principal.check_every_store()
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await failures.page(conn, filters, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].failure_id) if more else None)


@router.post("/sync-failures/{failure_id}:retry")
async def retry_failure(conn: Tx, principal: Writer, failure_id: UUID, retry: Retry) -> FailureView:
    """Try a record again at once; `take` decides a conflict."""
    principal.check_every_store()
    return await service.retry(conn, principal, failure_id, retry, now=utc_now())


@router.post("/sync-failures/{failure_id}:drop")
async def drop_failure(conn: Tx, principal: Writer, failure_id: UUID, drop: Reason) -> FailureView:
    """Give a record up, with a reason; it comes again when it changes."""
    principal.check_every_store()
    return await service.drop(conn, principal, failure_id, drop.reason, now=utc_now())

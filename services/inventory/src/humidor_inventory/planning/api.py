"""Plans over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.responses import Response as Answer

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import (
    Gtin,
    IfMatch,
    Reader,
    Reason,
    StoreId,
    SupplierId,
    Writer,
    tag,
    visible_stores,
)
from humidor_inventory.planning import schedule, service
from humidor_inventory.planning.schemas import (
    Approval,
    Approved,
    LineState,
    LineView,
    PlanInput,
    PlannedTransferView,
    PlanState,
    PlanView,
    ScheduleInput,
    ScheduleView,
)

router = APIRouter(prefix="/v1", tags=["plans"])


@router.post("/plans", status_code=201, response_model=PlanView)
async def post_plan(conn: Tx, principal: Writer, plan: PlanInput, idempotency: Idempotency) -> Answer:
    """Ask for a plan of what stores need on a day; a worker calculates it, its state says how far it is."""
    return await idempotency.run(conn, lambda: service.create_plan(conn, principal, plan, now=utc_now()))


@router.get("/plans")
async def list_plans(
    conn: Read,
    principal: Reader,
    state: Annotated[PlanState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PlanView]:
    """Read plans, the newest first; those over every store are opened by the schedule."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await service.list_plans(conn, principal, state, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].plan_id) if more else None)


@router.get("/plans/{plan_id}")
async def get_plan(conn: Read, principal: Reader, plan_id: UUID) -> PlanView:
    return await service.get_plan(conn, principal, plan_id)


@router.get("/plans/{plan_id}/lines")
async def list_lines(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    plan_id: UUID,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    state: Annotated[LineState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[LineView]:
    """Read the lines of the caller's stores: what is done about each product, and why."""
    await service.get_plan(conn, principal, plan_id)
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await service.list_lines(
        conn,
        plan_id,
        visible_stores(principal, store_id),
        (gtin, supplier_id, state),
        after=(after[0], after[1]),
        limit=limit + 1,
    )
    items, last = found[:limit], found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.store_id, last.gtin) if last else None)


@router.get("/plans/{plan_id}/transfers")
async def list_transfers(
    conn: Read,
    principal: Reader,
    plan_id: UUID,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PlannedTransferView]:
    """Read what goes from store to store instead of being bought."""
    await service.get_plan(conn, principal, plan_id)
    after = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
    found = await service.list_transfers(
        conn,
        plan_id,
        visible_stores(principal, store_id),
        after=(after[0], after[1], after[2]),
        limit=limit + 1,
    )
    items, last = found[:limit], found[limit - 1] if len(found) > limit else None
    key = (last.from_store_id, last.to_store_id, last.gtin) if last else ()
    return Page(items=items, next_cursor=encode_cursor(*key) if key else None)


@router.post("/plans/{plan_id}:approve")
async def approve_plan(conn: Tx, principal: Writer, plan_id: UUID, approval: Approval) -> Approved:
    """Approve the whole plan, suppliers, stores or lines of it: the worker places orders and transfers."""
    for store_id in approval.store_ids or ():
        principal.check_store(store_id)
    return await service.approve_plan(conn, principal, plan_id, approval, now=utc_now())


@router.post("/plans/{plan_id}:cancel")
async def cancel_plan(conn: Tx, principal: Writer, plan_id: UUID, decision: Reason) -> PlanView:
    """Stop a plan; what is placed already stays."""
    return await service.cancel_plan(conn, principal, plan_id, decision.reason, now=utc_now())


@router.get("/plan-schedule")
async def get_schedule(conn: Read, _: Reader, response: Response) -> ScheduleView:
    view = await schedule.get_schedule(conn)
    tag(response, view.version)
    return view


@router.put("/plan-schedule")
async def put_schedule(
    conn: Tx, principal: Writer, given: ScheduleInput, response: Response, if_match: IfMatch = None
) -> ScheduleView:
    """Say when each store's daily plan begins."""
    principal.check_every_store()
    view = await schedule.put_schedule(conn, principal, given, match=if_match, now=utc_now())
    tag(response, view.version)
    return view

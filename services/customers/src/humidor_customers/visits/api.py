"""Visits, their plans and places over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Day
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Code, Reader, RetailerId, Writer
from humidor_customers.parties import Party, seen
from humidor_customers.tasks.schemas import Assignee
from humidor_customers.visits import queries, service
from humidor_customers.visits.schemas import (
    Arrival,
    Miss,
    PlaceInput,
    PlaceView,
    PlanInput,
    PlanView,
    VisitView,
)

router = APIRouter(prefix="/v1", tags=["visits"])

RetailerPath = Annotated[RetailerId, Path()]


@router.put("/retailers/{retailer_id}/place")
async def put_place(conn: Tx, principal: Writer, retailer_id: RetailerPath, place: PlaceInput) -> PlaceView:
    """Say where a customer is, and after how many days it is to be visited again."""
    return await service.put_place(conn, principal, retailer_id, place, now=utc_now())


@router.get("/visits/due")
async def list_due(
    conn: Read,
    principal: Reader,
    sales_line: Annotated[Code, Query()],
    day: Annotated[Day, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PlaceView]:
    """Read the customers of a line whose visit is due on a day and not planned yet, to make a plan of."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    rows = await queries.due(conn, sales_line, day, after=after, limit=limit + 1)
    found = [PlaceView(**row) for row in rows]
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].retailer_id) if more else None
    )


@router.post("/visit-plans", status_code=201, response_model=PlanView)
async def post_plan(conn: Tx, principal: Writer, plan: PlanInput, idempotency: Idempotency) -> Response:
    """Plan a day's visits as a route."""
    return await idempotency.run(conn, lambda: service.plan(conn, principal, plan, now=utc_now()))


@router.get("/visit-plans")
async def list_plans(
    conn: Read,
    principal: Reader,
    visitor: Annotated[Assignee, Query()],
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page[PlanView]:
    """Read somebody's plans, the newest first; those of others are for callers of every store."""
    if visitor != principal.subject:
        principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await service.list_plans(conn, visitor, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].plan_id) if more else None)


@router.get("/visit-plans/{plan_id}")
async def get_plan(conn: Read, principal: Reader, plan_id: UUID) -> PlanView:
    return await service.get_plan(conn, principal, plan_id)


@router.post("/visits/{visit_id}:complete")
async def post_complete(conn: Tx, principal: Writer, visit_id: UUID, arrival: Arrival) -> VisitView:
    """Note down what came of a visit."""
    return await service.complete(conn, principal, visit_id, arrival, now=utc_now())


@router.post("/visits/{visit_id}:miss")
async def post_miss(conn: Tx, principal: Writer, visit_id: UUID, miss: Miss) -> VisitView:
    """Say that a visit did not take place, and why."""
    return await service.miss(conn, principal, visit_id, miss, now=utc_now())


@router.get("/retailers/{retailer_id}/visits")
async def list_visits(
    conn: Read,
    principal: Reader,
    retailer_id: RetailerPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[VisitView]:
    """Read the visits of a customer, planned ones too, the last planned first."""
    await seen(conn, principal, Party("retailer", retailer_id))
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    rows = await conn.fetch(
        "SELECT * FROM visits WHERE retailer_id = $1 AND visit_id < $2 ORDER BY visit_id DESC LIMIT $3",
        retailer_id,
        before,
        limit + 1,
    )
    found = [VisitView(**row) for row in rows]
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].visit_id) if more else None)

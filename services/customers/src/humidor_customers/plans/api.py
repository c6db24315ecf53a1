"""Order plans over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx, transaction
from humidor_common.runtime import Runtime
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader, RetailerId, Writer
from humidor_customers.orders.schemas import OrderView
from humidor_customers.plans import queries, service
from humidor_customers.plans.figures import Figures
from humidor_customers.plans.gathering import gather, request_of
from humidor_customers.plans.schemas import Confirmation, PlanInput, PlanLine, PlanView
from humidor_customers.retailers.seeing import seen

router = APIRouter(prefix="/v1/order-plans", tags=["order plans"])


@router.post("", status_code=201, response_model=PlanView)
async def post_plan(
    request: Request, principal: Writer, plan: PlanInput, idempotency: Idempotency
) -> Response:
    """Plan what a customer should order, from its history, stock, forecasts, caps and budget."""
    runtime: Runtime = request.app.state.runtime
    now = utc_now()
    async with runtime.pool.acquire() as conn:
        retailer = await seen(conn, principal, plan.retailer_id)
        basis = await gather(conn, plan, retailer, now=now)
    # No connection is held while another service calculates.
    figures = runtime.get(Figures)
    answer = await figures.calculate(request_of(basis), request.headers["authorization"])
    made = service.make_plan(principal, basis, answer, now=now)
    async with transaction(runtime.pool) as conn:
        return await idempotency.run(conn, lambda: service.store_plan(conn, principal, made))


@router.get("")
async def list_plans(
    conn: Read,
    principal: Reader,
    retailer_id: Annotated[RetailerId, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PlanView]:
    """Read the plans of a customer, the newest first."""
    await seen(conn, principal, retailer_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, retailer_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].plan_id) if more else None)


@router.get("/{plan_id}")
async def get_plan(conn: Read, principal: Reader, plan_id: UUID) -> PlanView:
    plan = await service.get_plan(conn, plan_id)
    await seen(conn, principal, plan.retailer_id)
    return plan


@router.get("/{plan_id}/lines")
async def list_lines(
    conn: Read, principal: Reader, plan_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[PlanLine]:
    """Read the lines of a plan, or download them by `?format=xlsx`, `csv` or `parquet`."""
    plan = await service.get_plan(conn, plan_id)
    await seen(conn, principal, plan.retailer_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = [line for line in plan.lines if line.gtin > after]
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)


@router.post("/{plan_id}:confirm", status_code=201)
async def post_confirmation(
    conn: Tx, principal: Writer, plan_id: UUID, confirmation: Confirmation
) -> OrderView:
    """Order what the plan wants, or other quantities of some products, in one act."""
    plan = await service.get_plan(conn, plan_id)
    await seen(conn, principal, plan.retailer_id)
    quantities = {each.gtin: each.cartons for each in confirmation.quantities}
    return await service.confirm_plan(conn, principal, plan_id, quantities=quantities, now=utc_now())

"""Order groups, cycles and windows over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Day, IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.cycles import queries, service, windows
from humidor_customers.cycles.schemas import (
    Assignment,
    AssignmentView,
    CustomerWindow,
    CycleInput,
    CycleView,
    ExceptionView,
    GroupInput,
    GroupView,
    HolidayInput,
    HolidayView,
    MemberView,
    WindowInput,
    WindowView,
)
from humidor_customers.inputs import Code, Reader, RetailerId, Writer
from humidor_customers.retailers.seeing import seen

router = APIRouter(prefix="/v1", tags=["order cycles"])

GroupPath = Annotated[Code, Path()]


@router.put("/order-groups/{group_code}", responses={201: {"model": GroupView}})
async def put_group(
    conn: Tx,
    principal: Writer,
    group_code: GroupPath,
    group: GroupInput,
    response: Response,
    if_match: IfMatch = None,
) -> GroupView:
    """Make or change a group of customers who order on one day."""
    principal.check_every_store()
    view = await service.put_group(conn, principal, (group_code, group), if_match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/order-groups")
async def list_groups(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[GroupView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page_groups(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].group_code) if more else None)


@router.post("/order-groups/{group_code}:assign")
async def post_assignment(
    conn: Tx, principal: Writer, group_code: GroupPath, assignment: Assignment
) -> AssignmentView:
    """Put customers into the group, out of any other; the same again changes nothing."""
    principal.check_every_store()
    return await service.assign(conn, principal, (group_code, assignment), now=utc_now())


@router.get("/order-groups/{group_code}/members")
async def list_members(
    conn: Read,
    principal: Reader,
    group_code: GroupPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[MemberView]:
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page_members(conn, group_code, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].retailer_id) if more else None
    )


@router.put("/holidays/{day}")
async def put_holiday(
    conn: Tx, principal: Writer, day: Annotated[Day, Path()], holiday: HolidayInput
) -> HolidayView:
    """Mark a day on which nobody orders and nothing is delivered; cycles planned later go round it."""
    principal.check_every_store()
    return await service.put_holiday(conn, principal, day, holiday, now=utc_now())


@router.delete("/holidays/{day}", status_code=204)
async def delete_holiday(conn: Tx, principal: Writer, day: Annotated[Day, Path()]) -> None:
    principal.check_every_store()
    await service.delete_holiday(conn, principal, day)


@router.get("/holidays")
async def list_holidays(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[HolidayView]:
    after = decode_cursor(cursor, date)[0] if cursor else date.min
    found = await queries.page_holidays(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].day) if more else None)


@router.post("/order-cycles", status_code=201, response_model=CycleView)
async def post_cycle(conn: Tx, principal: Writer, cycle: CycleInput, idempotency: Idempotency) -> Response:
    """Plan a cycle: one window for each group, moved where its day is a holiday."""
    principal.check_every_store()
    return await idempotency.run(conn, lambda: service.plan_cycle(conn, principal, cycle, now=utc_now()))


@router.get("/order-cycles")
async def list_cycles(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[CycleView]:
    """Read cycles, the latest first."""
    before = decode_cursor(cursor, date)[0] if cursor else date.max
    found = await queries.page_cycles(conn, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].starts_on) if more else None)


@router.get("/order-cycles/{cycle_id}")
async def get_cycle(conn: Read, _: Reader, cycle_id: UUID) -> CycleView:
    return await service.get_cycle(conn, cycle_id)


@router.get("/order-cycles/{cycle_id}/windows")
async def list_windows(
    conn: Read, _: Reader, cycle_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[WindowView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page_windows(conn, cycle_id, now=utc_now(), after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].group_code) if more else None)


@router.get("/retailers/{retailer_id}/order-windows")
async def list_customer_windows(
    conn: Read,
    principal: Reader,
    retailer_id: Annotated[RetailerId, Path()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[CustomerWindow]:
    """Read when a customer may order, the latest first; its own windows outweigh those of its group."""
    await seen(conn, principal, retailer_id)
    before = decode_cursor(cursor, datetime)[0] if cursor else datetime.max.replace(tzinfo=UTC)
    found = await queries.customer_windows(conn, retailer_id, now=utc_now(), before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].closes_at) if more else None)


@router.put("/order-cycles/{cycle_id}/windows/{group_code}")
async def put_window(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    cycle_id: UUID,
    group_code: GroupPath,
    window: WindowInput,
    response: Response,
    if_match: IfMatch = None,
) -> WindowView:
    """Move the window of a group by hand, saying why."""
    principal.check_every_store()
    view = await windows.put_window(
        conn, principal, (cycle_id, group_code, window), if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.put("/order-cycles/{cycle_id}/exceptions/{retailer_id}", responses={201: {"model": ExceptionView}})
async def put_exception(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    cycle_id: UUID,
    retailer_id: Annotated[RetailerId, Path()],
    window: WindowInput,
    response: Response,
    if_match: IfMatch = None,
) -> ExceptionView:
    """Give one customer a window of its own, saying why."""
    principal.check_every_store()
    view = await windows.put_exception(
        conn, principal, (cycle_id, retailer_id, window), if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view

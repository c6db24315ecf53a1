"""Expected arrivals and approval limits over HTTP."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_inventory.inputs import Currency, Day, IfMatch, Reader, StoreId, SupplierId, tag, visible_stores
from humidor_inventory.purchasing import limits, lists
from humidor_inventory.purchasing.schemas import (
    CalendarDayView,
    ExpectedArrivalView,
    LimitsInput,
    LimitsView,
)

router = APIRouter(prefix="/v1", tags=["purchasing"])

Admin = Annotated[Principal, Depends(require("inventory:admin"))]
MOST_DAYS = 366


@router.get("/expected-arrivals")
async def list_expected_arrivals(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    until: Annotated[Day | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExpectedArrivalView]:
    """Read what is awaited, the earliest day first; orders without a day are not in it."""
    after = decode_cursor(cursor, date, UUID) if cursor else None
    asked = lists.Expecting(
        visible_stores(principal, store_id),
        limit + 1,
        supplier_id,
        until,
        (after[0], after[1]) if after else None,
    )
    found = await lists.list_expected(conn, asked)
    items = found[:limit]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.due_on, last.purchase_order_id) if last else None)


@router.get("/expected-arrivals/calendar")
async def get_calendar(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    from_day: Annotated[Day | None, Query(alias="from")] = None,
    until: Annotated[Day | None, Query()] = None,
) -> Page[CalendarDayView]:
    """Read how much is due on each day, by default of the next 28; days without anything are left out."""
    first = from_day or utc_now().date()
    last = until or first + timedelta(days=27)
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        raise invalid("until", f"is not before from, and at most {MOST_DAYS} days after it")
    visible = visible_stores(principal, store_id)
    return Page(items=await lists.list_calendar(conn, visible, (first, last)))


@router.put("/approval-limits/{currency}", responses={201: {"model": LimitsView}})
async def put_limits(
    conn: Tx,
    principal: Admin,
    currency: Annotated[Currency, Path()],
    limits_of: LimitsInput,
    response: Response,
    if_match: IfMatch = None,
) -> LimitsView:
    """Set up to which value roles may approve orders."""
    principal.check_every_store()
    view = await limits.put_limits(conn, principal, currency, limits_of, if_match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/approval-limits")
async def list_limits(conn: Read, _: Reader) -> Page[LimitsView]:
    return Page(items=await limits.list_limits(conn))

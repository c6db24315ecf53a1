"""Orders that are stuck, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.inputs import visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader
from humidor_customers.stuck import queries
from humidor_customers.stuck.schemas import Filters, StuckView

router = APIRouter(tags=["orders"])


@router.get("/v1/stuck-orders")
async def list_stuck(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[StuckView]:
    """Read orders that wait for the warehouse longer than they should: why, and what is to be done."""
    visible = visible_stores(principal, None)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, visible, before=before, now=utc_now(), limit=limit + 1)
    more = len(found) > limit
    items = [StuckView(**each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].order_id) if more else None)

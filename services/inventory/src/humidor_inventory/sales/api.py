"""Lines that wait for their product, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Label, Reader, StoreId, visible_stores
from humidor_inventory.sales import queries
from humidor_inventory.sales.schemas import ParkedLine

router = APIRouter(prefix="/v1/parked-lines", tags=["sales"])


@router.get("")
async def list_parked_lines(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Label | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ParkedLine]:
    """Read what was sold of products that nobody has registered; registering one applies its lines."""
    after = decode_cursor(cursor, int)[0] if cursor else 0
    visible = visible_stores(principal, store_id)
    found = await queries.list_parked(conn, visible, gtin, after=after, limit=limit + 1)
    items = [ParkedLine(**row) for row in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].parked_id) if more else None)

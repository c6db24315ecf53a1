"""Display cabinets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.displays import queries, service
from humidor_inventory.displays.schemas import DisplayInput, DisplayView, RefillInput
from humidor_inventory.inputs import Gtin, Reader, StoreId, Writer

router = APIRouter(prefix="/v1/displays", tags=["displays"])


@router.get("")
async def list_displays(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId, Query()],
    due: Annotated[bool, Query(description="Only what is to be refilled.")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[DisplayView]:
    """Read what stands in a store's cabinet and behind it; a page with `due` may have less than `limit`."""
    principal.check_store(store_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    wanted = queries.DisplayFilter([store_id], after=(store_id, after))
    found = await queries.read_displays(conn, wanted, limit=limit + 1)
    items = found[:limit]
    next_cursor = encode_cursor(items[-1].gtin) if len(found) > limit else None
    return Page(items=[item for item in items if item.refill_packs or not due], next_cursor=next_cursor)


@router.put("/{store_id}/{gtin}")
async def put_display(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, display: DisplayInput
) -> DisplayView:
    """Give a product room in the cabinet; it counts as empty until somebody refills it."""
    principal.check_store(store_id)
    return await service.put_display(conn, principal, (store_id, gtin), display, now=utc_now())


@router.post("/{store_id}/{gtin}:refill")
async def post_refill(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, given: RefillInput
) -> DisplayView:
    """Say that the cabinet was filled, or what is in it."""
    principal.check_store(store_id)
    return await service.refill(conn, principal, (store_id, gtin), given, now=utc_now())

"""Stores over HTTP."""

from fastapi import APIRouter, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import IfMatch, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.stores import service
from humidor_inventory.stores.schemas import StoreInput, StoreView

router = APIRouter(prefix="/v1/stores", tags=["stores"])


@router.put("/{store_id}", responses={201: {"model": StoreView}})
async def put_store(
    conn: Tx,
    principal: Writer,
    store_id: StoreId,
    store: StoreInput,
    response: Response,
    if_match: IfMatch = None,
) -> StoreView:
    """Make or change a store."""
    principal.check_store(store_id)
    now = utc_now()
    view = await service.put_store(conn, principal, (store_id, store), if_match=if_match, now=now)
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/{store_id}")
async def get_store(conn: Read, principal: Reader, store_id: StoreId, response: Response) -> StoreView:
    principal.check_store(store_id)
    view = await service.get_store(conn, store_id)
    tag(response, view.version)
    return view


@router.get("")
async def list_stores(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[StoreView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_stores(conn, visible_stores(principal, None), after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].store_id) if more else None)

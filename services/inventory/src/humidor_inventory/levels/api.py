"""Levels over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.levels import service
from humidor_inventory.levels.schemas import LevelBatch, LevelInput, LevelItem, LevelResults, LevelView

router = APIRouter(prefix="/v1", tags=["levels"])


@router.put("/levels/{store_id}/{gtin}", responses={201: {"model": LevelView}})
async def set_level(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    store_id: StoreId,
    gtin: Gtin,
    level: LevelInput,
    response: Response,
    if_match: IfMatch = None,
) -> LevelView:
    """Set one level; alert, suggestion and automatic order follow at once where stock is at or below it."""
    principal.check_store(store_id)
    item = LevelItem(store_id=store_id, gtin=gtin, **level.model_dump())
    (view,) = await service.set_levels(conn, principal, [item], now=utc_now(), if_match=if_match)
    tag(response, view.version, created=view.version == 1)
    return view


@router.post("/levels:batch")
async def set_levels(conn: Tx, principal: Writer, batch: LevelBatch) -> LevelResults:
    """Set up to 1,000 levels, all or none."""
    for item in batch.levels:
        principal.check_store(item.store_id)
    return LevelResults(results=await service.set_levels(conn, principal, batch.levels, now=utc_now()))


@router.get("/levels/{store_id}/{gtin}")
async def get_level(
    conn: Read, principal: Reader, store_id: StoreId, gtin: Gtin, response: Response
) -> LevelView:
    principal.check_store(store_id)
    view = await service.get_level(conn, store_id, gtin)
    tag(response, view.version)
    return view


@router.get("/levels")
async def list_levels(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[LevelView]:
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    visible = visible_stores(principal, store_id)
    found = await service.list_levels(conn, visible, gtin, after=(after[0], after[1]), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].store_id, items[-1].gtin) if more else None)

"""Stock, lots and the ledger over HTTP."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read
from humidor_common.runtime import Runtime
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, Reader, StoreId, visible_stores
from humidor_inventory.stock import queries
from humidor_inventory.stock.quick import Question, quick_route
from humidor_inventory.stock.schemas import EntryView, LotView, StockView
from humidor_inventory.units.rules import Unit

lots = APIRouter(prefix="/v1/stock", tags=["stock"])


async def _page(
    conn: Connection, wanted: queries.StockFilter, unit: Unit, cursor: str | None, limit: int
) -> Response:
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await queries.read_stock(conn, wanted, after=(after[0], after[1]), limit=limit + 1)
    items = queries.stock_items(found[:limit], unit)
    more = len(found) > limit
    page = {
        "items": items,
        "next_cursor": encode_cursor(items[-1].store_id, items[-1].gtin) if more else None,
    }
    return Response(msgspec.json.encode(page), media_type="application/json")


async def _answer_quickly(runtime: Runtime, question: Question) -> Response:
    wanted = queries.StockFilter([question.store_id], None if question.gtin is None else [question.gtin])
    async with runtime.pool.acquire() as conn:
        return await _page(conn, wanted, question.unit, question.cursor, question.limit)


balances = APIRouter(prefix="/v1/stock", tags=["stock"], route_class=quick_route(_answer_quickly))


@balances.get("", response_model=Page[StockView])
async def list_stock(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    unit: Annotated[Unit, Query()] = "pack",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Read the balances; numbers are whole `unit`s."""
    wanted = queries.StockFilter(visible_stores(principal, store_id), None if gtin is None else [gtin])
    return await _page(conn, wanted, unit, cursor, limit)


@lots.get("/{store_id}/{gtin}/lots")
async def list_lots(
    conn: Read,
    principal: Reader,
    store_id: StoreId,
    gtin: Gtin,
    unit: Annotated[Unit, Query()] = "pack",
    include_empty: Annotated[bool, Query()] = False,
) -> Page[LotView]:
    """Read the lots in the order in which sales take from them."""
    principal.check_store(store_id)
    items = await queries.list_lots(conn, store_id, gtin, unit=unit, include_empty=include_empty)
    return Page(items=items)


@lots.get("/{store_id}/{gtin}/ledger")
async def list_entries(
    conn: Read,
    principal: Reader,
    store_id: StoreId,
    gtin: Gtin,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EntryView]:
    """Read every movement and why it was made, the newest first."""
    principal.check_store(store_id)
    before = decode_cursor(cursor, datetime, int) if cursor else queries.LATEST
    found = await queries.list_entries(conn, store_id, gtin, before=(before[0], before[1]), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(items[-1].recorded_at, items[-1].entry_id) if more else None
    )


router = APIRouter()
for each in (balances, lots):
    router.include_router(each)

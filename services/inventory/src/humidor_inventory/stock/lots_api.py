"""Lots across stores and products over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, Reader, StoreId, visible_stores
from humidor_inventory.stock import queries
from humidor_inventory.stock.schemas import LotView
from humidor_inventory.units.rules import Unit

router = APIRouter(prefix="/v1/lots", tags=["stock"])


@router.get("")
async def list_lots(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    expires_before: Annotated[date | None, Query()] = None,
    held: Annotated[bool | None, Query()] = None,
    include_empty: Annotated[bool, Query()] = False,
    unit: Annotated[Unit, Query()] = "pack",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[LotView]:
    """Read lots in the order of store, product and lot; `freshness/lots` has them by urgency."""
    after = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
    wanted = queries.LotFilter(visible_stores(principal, store_id), gtin, expires_before, held, include_empty)
    found = await queries.find_lots(
        conn, wanted, unit=unit, after=(after[0], after[1], after[2]), limit=limit + 1
    )
    items = found[:limit]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.store_id, last.gtin, last.lot) if last else None)

"""Lots across stores and products over HTTP, and holding them from sale."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Day, Gtin, LotCode, Reader, Reason, StoreId, Writer, visible_stores
from humidor_inventory.lots.schemas import HoldView
from humidor_inventory.lots.service import hold_lot, release_lot
from humidor_inventory.stock import queries
from humidor_inventory.stock.schemas import LotView
from humidor_inventory.units.rules import Unit

everywhere = APIRouter(prefix="/v1/lots", tags=["stock"])
holds = APIRouter(prefix="/v1/stock", tags=["stock"])


@everywhere.get("")
async def list_lots(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    expires_before: Annotated[Day | None, Query()] = None,
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


@holds.post("/{store_id}/{gtin}/lots/{lot:path}:hold")
async def post_hold(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, lot: LotCode, decision: Reason
) -> HoldView:
    """Keep a lot from being sold, with a reason."""
    principal.check_store(store_id)
    return await hold_lot(conn, principal, (store_id, gtin, lot), reason=decision.reason, now=utc_now())


@holds.post("/{store_id}/{gtin}/lots/{lot:path}:release")
async def post_release(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, lot: LotCode, decision: Reason
) -> HoldView:
    """Let a held lot be sold again, with a reason."""
    principal.check_store(store_id)
    return await release_lot(conn, principal, (store_id, gtin, lot), reason=decision.reason, now=utc_now())


router = APIRouter()
for each in (everywhere, holds):
    router.include_router(each)

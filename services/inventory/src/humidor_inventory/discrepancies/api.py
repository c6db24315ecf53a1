"""Discrepancies over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.discrepancies import service
from humidor_inventory.discrepancies.schemas import DiscrepancyState, DiscrepancyView, ResolutionInput
from humidor_inventory.inputs import Reader, StoreId, Writer, visible_stores

router = APIRouter(prefix="/v1/discrepancies", tags=["purchasing"])


@router.get("")
async def list_discrepancies(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    purchase_order_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[DiscrepancyState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[DiscrepancyView]:
    """Read differences between what was ordered or announced and what came."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    filters = service.Filters(visible, limit + 1, purchase_order_id, state, after)
    found = await service.list_discrepancies(conn, filters)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].discrepancy_id) if more else None)


@router.post("/{discrepancy_id}:resolve")
async def resolve_discrepancy(
    conn: Tx, principal: Writer, discrepancy_id: UUID, resolution: ResolutionInput
) -> DiscrepancyView:
    """Say what becomes of it: accepted, returned or claimed."""
    return await service.resolve(conn, principal, discrepancy_id, resolution, now=utc_now())

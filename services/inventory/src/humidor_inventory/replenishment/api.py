"""Suggestions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import Gtin, Reader, Reason, StoreId, Writer, visible_stores
from humidor_inventory.replenishment import lists, service
from humidor_inventory.replenishment.lists import Filters
from humidor_inventory.replenishment.schemas import ReplenishmentView, SuggestionState

router = APIRouter(prefix="/v1", tags=["replenishment"])


def _filters(
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Filters:
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    return Filters(visible_stores(principal, store_id), gtin, None, after, limit + 1)


Asked = Annotated[Filters, Depends(_filters)]


@router.get("/replenishments")
async def list_replenishments(
    conn: Read, asked: Asked, state: Annotated[SuggestionState | None, Query()] = None
) -> Page[ReplenishmentView]:
    found = await lists.list_replenishments(conn, asked._replace(states=state and [state]))
    items = found[: asked.limit - 1]
    more = len(found) == asked.limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].replenishment_id) if more else None)


@router.get("/replenishments/{replenishment_id}")
async def get_replenishment(conn: Read, principal: Reader, replenishment_id: UUID) -> ReplenishmentView:
    view = await lists.get_replenishment(conn, replenishment_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("replenishment", replenishment_id)
    return view


@router.post("/replenishments/{replenishment_id}:approve")
async def approve_replenishment(conn: Tx, principal: Writer, replenishment_id: UUID) -> ReplenishmentView:
    """Place the purchase order; `purchase_order_id` names it. Approving again changes nothing."""
    return await service.approve_replenishment(conn, principal, replenishment_id, now=utc_now())


@router.post("/replenishments/{replenishment_id}:reject")
async def reject_replenishment(
    conn: Tx, principal: Writer, replenishment_id: UUID, decision: Reason
) -> ReplenishmentView:
    """Refuse it with a reason; none is made again while the same alert lasts."""
    return await service.reject_replenishment(
        conn, principal, replenishment_id, decision.reason, now=utc_now()
    )

"""Purchase orders over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import (
    Gtin,
    IfMatch,
    Reader,
    Reason,
    StoreId,
    SupplierId,
    Writer,
    tag,
    visible_stores,
)
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.purchasing import amending, lists, service
from humidor_inventory.purchasing.schemas import AmendmentInput, HistoryView, OrderInput, PurchaseOrderView

router = APIRouter(prefix="/v1/purchase-orders", tags=["purchasing"])


def _filters(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    state: Annotated[OrderState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> lists.Filters:
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    return lists.Filters(
        visible_stores(principal, store_id),
        limit + 1,
        gtin,
        supplier_id=supplier_id,
        state=state,
        after=after,
    )


@router.get("")
async def list_purchase_orders(
    conn: Read, asked: Annotated[lists.Filters, Depends(_filters)]
) -> Page[PurchaseOrderView]:
    found = await lists.list_purchase_orders(conn, asked)
    items = found[: asked.limit - 1]
    more = len(found) == asked.limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].purchase_order_id) if more else None)


@router.post("", status_code=201, response_model=PurchaseOrderView)
async def post_purchase_order(
    conn: Tx, principal: Writer, order: OrderInput, idempotency: Idempotency
) -> Response:
    """Order by hand; what is beyond the caller's limit waits for an approval."""
    principal.check_store(order.store_id)
    return await idempotency.run(conn, lambda: service.create_order(conn, principal, order, now=utc_now()))


@router.get("/{purchase_order_id}")
async def get_purchase_order(
    conn: Read, principal: Reader, purchase_order_id: UUID, response: Response
) -> PurchaseOrderView:
    view = await lists.get_purchase_order(conn, purchase_order_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("purchase order", purchase_order_id)
    tag(response, view.version)
    return view


@router.get("/{purchase_order_id}/history")
async def list_history(conn: Read, principal: Reader, purchase_order_id: UUID) -> Page[HistoryView]:
    """Read every step of an order, the first one first."""
    view = await lists.get_purchase_order(conn, purchase_order_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("purchase order", purchase_order_id)
    return Page(items=await lists.list_history(conn, purchase_order_id))


@router.post("/{purchase_order_id}:submit")
async def submit_purchase_order(conn: Tx, principal: Writer, purchase_order_id: UUID) -> PurchaseOrderView:
    """Submit a draft."""
    return await service.submit_order(conn, principal, purchase_order_id, now=utc_now())


@router.post("/{purchase_order_id}:approve")
async def approve_purchase_order(conn: Tx, principal: Writer, purchase_order_id: UUID) -> PurchaseOrderView:
    """Place an order that waits for an approval."""
    return await service.approve_order(conn, principal, purchase_order_id, now=utc_now())


@router.post("/{purchase_order_id}:reject")
async def reject_purchase_order(
    conn: Tx, principal: Writer, purchase_order_id: UUID, decision: Reason
) -> PurchaseOrderView:
    """Refuse to approve it."""
    return await service.reject_order(conn, principal, purchase_order_id, decision.reason, now=utc_now())


@router.post("/{purchase_order_id}:amend")
async def amend_purchase_order(
    conn: Tx,
    principal: Writer,
    purchase_order_id: UUID,
    amendment: AmendmentInput,
    response: Response,
    if_match: IfMatch = None,
) -> PurchaseOrderView:
    """Change it before goods are under way; what the supplier had confirmed is to be confirmed again."""
    view = await amending.amend_order(
        conn, principal, purchase_order_id, amendment, if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.post("/{purchase_order_id}:accept")
async def accept_proposal(conn: Tx, principal: Writer, purchase_order_id: UUID) -> PurchaseOrderView:
    """Take what the supplier proposes."""
    return await amending.accept_proposal(conn, principal, purchase_order_id, now=utc_now())


@router.post("/{purchase_order_id}:decline")
async def decline_proposal(
    conn: Tx, principal: Writer, purchase_order_id: UUID, decision: Reason
) -> PurchaseOrderView:
    """Insist on the order as it was placed."""
    return await amending.decline_proposal(conn, principal, purchase_order_id, decision.reason, now=utc_now())


@router.post("/{purchase_order_id}:cancel")
async def cancel_purchase_order(
    conn: Tx, principal: Writer, purchase_order_id: UUID, decision: Reason
) -> PurchaseOrderView:
    """Give up what has not come in; what is lacking now is suggested anew."""
    return await service.cancel_order(conn, principal, purchase_order_id, decision.reason, now=utc_now())

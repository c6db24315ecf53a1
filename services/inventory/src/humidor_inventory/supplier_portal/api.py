"""What suppliers' systems call, each with its key."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import Reason
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.purchasing import lists
from humidor_inventory.purchasing.schemas import PurchaseOrderView
from humidor_inventory.supplier_portal import access, service, shipments
from humidor_inventory.supplier_portal.dependencies import CallingSupplier
from humidor_inventory.supplier_portal.schemas import (
    AsnNumber,
    ConfirmationInput,
    NoticeView,
    PortalOrderView,
    ShipmentInput,
    ShipmentView,
)
from humidor_inventory.supplier_returns.queries import list_returns
from humidor_inventory.supplier_returns.schemas import SupplierReturnView

router = APIRouter(prefix="/v1/supplier-portal", tags=["supplier portal"])


@router.get("/orders")
async def list_orders(
    conn: Read,
    caller: CallingSupplier,
    state: Annotated[OrderState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PortalOrderView]:
    """Read the supplier's orders, the oldest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = lists.Filters(
        None, limit + 1, supplier_id=caller.supplier_id, state=state, after=after, placed=True
    )
    found = await lists.list_purchase_orders(conn, filters)
    items = [_shown(view) for view in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].purchase_order_id) if more else None)


@router.get("/orders/{purchase_order_id}")
async def get_order(conn: Read, caller: CallingSupplier, purchase_order_id: UUID) -> PortalOrderView:
    return _shown(await service.get_order(conn, caller, purchase_order_id))


@router.post("/orders/{purchase_order_id}:confirm")
async def confirm_order(
    conn: Tx, caller: CallingSupplier, purchase_order_id: UUID, confirmation: ConfirmationInput
) -> PortalOrderView:
    """Confirm it; other quantities, prices or a later day become a `proposal` that the buyer answers."""
    view = await service.confirm_order(conn, caller, purchase_order_id, confirmation, now=utc_now())
    return _shown(view)


@router.post("/orders/{purchase_order_id}:refuse")
async def refuse_order(
    conn: Tx, caller: CallingSupplier, purchase_order_id: UUID, decision: Reason
) -> PortalOrderView:
    """Refuse it, with a reason."""
    return _shown(await service.refuse_order(conn, caller, purchase_order_id, decision.reason, now=utc_now()))


@router.put("/shipments/{asn_number}", responses={201: {"model": ShipmentView}})
async def put_shipment(
    conn: Tx,
    caller: CallingSupplier,
    asn_number: Annotated[AsnNumber, Path()],
    shipment: ShipmentInput,
    response: Response,
) -> ShipmentView:
    """Announce goods that were sent, under the supplier's own number; sent again it changes nothing."""
    now = utc_now()
    view = await service.announce_shipment(conn, caller, asn_number, shipment, now=now)
    if view.announced_at == now:
        response.status_code = 201
    return view


@router.get("/shipments/{asn_number}")
async def get_shipment(
    conn: Read, caller: CallingSupplier, asn_number: Annotated[AsnNumber, Path()]
) -> ShipmentView:
    row = await shipments.find(conn, caller.supplier_id, asn_number)
    if row is None:
        raise not_found("shipment", asn_number)
    return await shipments.get_shipment(conn, row["shipment_id"])


@router.get("/returns")
async def list_supplier_returns(
    conn: Read, caller: CallingSupplier, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SupplierReturnView]:
    """Read what goes back to the supplier, once it has left."""
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await list_returns(
        conn, None, supplier_id=caller.supplier_id, sent=True, after=after, limit=limit + 1
    )
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].supplier_return_id) if more else None)


@router.get("/notices")
async def list_notices(
    conn: Read, caller: CallingSupplier, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[NoticeView]:
    """Read which webhooks were sent, and what became of them."""
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await access.list_notices(conn, caller.supplier_id, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].delivery_id) if more else None)


def _shown(view: PurchaseOrderView) -> PortalOrderView:
    return PortalOrderView(**view.model_dump(include=set(PortalOrderView.model_fields)))

"""Suppliers' keys, webhooks and shipments, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import IfMatch, Reader, StoreId, SupplierId, tag, visible_stores
from humidor_inventory.supplier_portal import access, shipments
from humidor_inventory.supplier_portal.schemas import (
    KeyInput,
    KeyView,
    NewKey,
    NoticeView,
    ShipmentView,
    WebhookInput,
    WebhookView,
)

router = APIRouter(prefix="/v1", tags=["suppliers"])


async def _everywhere(principal: Annotated[Principal, Depends(require("inventory:admin"))]) -> Principal:
    principal.check_every_store()
    return principal


Admin = Annotated[Principal, Depends(_everywhere)]
KeyId = Annotated[str, Path(max_length=64, pattern=r"^[0-9a-f]+$")]


# There is no Idempotency-Key on purpose, as it would keep the key's only copy in the database.
@router.post("/suppliers/{supplier_id}/keys", status_code=201)
async def post_key(conn: Tx, principal: Admin, supplier_id: SupplierId, key: KeyInput) -> NewKey:
    """Give a supplier's system a key; it is shown this once."""
    return await access.make_supplier_key(conn, principal, supplier_id, key, now=utc_now())


@router.get("/suppliers/{supplier_id}/keys")
async def list_keys(conn: Read, _: Admin, supplier_id: SupplierId) -> Page[KeyView]:
    return Page(items=await access.list_supplier_keys(conn, supplier_id))


@router.post("/suppliers/{supplier_id}/keys/{key_id}:revoke")
async def revoke_key(conn: Tx, principal: Admin, supplier_id: SupplierId, key_id: KeyId) -> KeyView:
    """Shut a key out for good."""
    return await access.revoke_supplier_key(conn, principal, supplier_id, key_id, now=utc_now())


@router.put("/suppliers/{supplier_id}/webhook", responses={201: {"model": WebhookView}})
async def put_webhook(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    request: Request,
    conn: Tx,
    principal: Admin,
    supplier_id: SupplierId,
    webhook: WebhookInput,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookView:
    """Set where the supplier's system is told of orders and returns."""
    private = getattr(request.app.state.runtime.settings, "delivery_private_targets", False)
    view = await access.put_webhook(
        conn, (principal, supplier_id), webhook, private=private, if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/suppliers/{supplier_id}/webhook")
async def get_webhook(conn: Read, _: Admin, supplier_id: SupplierId, response: Response) -> WebhookView:
    view = await access.get_webhook(conn, supplier_id)
    tag(response, view.version)
    return view


@router.get("/suppliers/{supplier_id}/notices")
async def list_notices(
    conn: Read, _: Admin, supplier_id: SupplierId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[NoticeView]:
    """Read which webhooks the supplier was sent, and what became of them."""
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await access.list_notices(conn, supplier_id, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].delivery_id) if more else None)


@router.get("/shipments")
async def list_shipments(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    purchase_order_id: Annotated[UUID | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ShipmentView]:
    """Read what suppliers have announced."""
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    visible = visible_stores(principal, store_id)
    found = await shipments.list_shipments(conn, visible, supplier_id, purchase_order_id, (after, limit + 1))
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].shipment_id) if more else None)


@router.get("/shipments/{shipment_id}")
async def get_shipment(conn: Read, principal: Reader, shipment_id: UUID) -> ShipmentView:
    view = await shipments.get_shipment(conn, shipment_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("shipment", shipment_id)
    return view

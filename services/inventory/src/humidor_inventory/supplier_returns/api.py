"""Returns to suppliers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import Reader, Reason, StoreId, SupplierId, Writer, visible_stores
from humidor_inventory.supplier_returns import queries, service
from humidor_inventory.supplier_returns.schemas import CreditInput, ReturnInput, SupplierReturnView

router = APIRouter(prefix="/v1/supplier-returns", tags=["purchasing"])


@router.post("", status_code=201, response_model=SupplierReturnView)
async def post_return(conn: Tx, principal: Writer, goods: ReturnInput, idempotency: Idempotency) -> Response:
    """Note what shall go back to its supplier, or send it at once."""
    principal.check_store(goods.store_id)
    return await idempotency.run(conn, lambda: service.create_return(conn, principal, goods, now=utc_now()))


@router.get("")
async def list_returns(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SupplierReturnView]:
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    visible = visible_stores(principal, store_id)
    found = await queries.list_returns(conn, visible, supplier_id=supplier_id, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].supplier_return_id) if more else None)


@router.get("/{supplier_return_id}")
async def get_return(conn: Read, principal: Reader, supplier_return_id: UUID) -> SupplierReturnView:
    view = await queries.get_return(conn, supplier_return_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("return", supplier_return_id)
    return view


@router.post("/{supplier_return_id}:dispatch")
async def dispatch_return(conn: Tx, principal: Writer, supplier_return_id: UUID) -> SupplierReturnView:
    """Send it: the goods leave the stock."""
    return await service.dispatch_return(conn, principal, supplier_return_id, now=utc_now())


@router.post("/{supplier_return_id}:credit")
async def credit_return(
    conn: Tx, principal: Writer, supplier_return_id: UUID, credit: CreditInput
) -> SupplierReturnView:
    """Note the supplier's credit note."""
    return await service.credit_return(conn, principal, supplier_return_id, credit, now=utc_now())


@router.post("/{supplier_return_id}:cancel")
async def cancel_return(
    conn: Tx, principal: Writer, supplier_return_id: UUID, decision: Reason
) -> SupplierReturnView:
    """Call off what has not left."""
    return await service.cancel_return(conn, principal, supplier_return_id, decision.reason, now=utc_now())

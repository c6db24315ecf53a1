"""Suppliers over HTTP."""

from fastapi import APIRouter, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import IfMatch, Reader, SupplierId, Writer, tag
from humidor_inventory.suppliers import service
from humidor_inventory.suppliers.schemas import SupplierInput, SupplierView

router = APIRouter(prefix="/v1/suppliers", tags=["suppliers"])


@router.put("/{supplier_id}", responses={201: {"model": SupplierView}})
async def put_supplier(
    conn: Tx,
    principal: Writer,
    supplier_id: SupplierId,
    supplier: SupplierInput,
    response: Response,
    if_match: IfMatch = None,
) -> SupplierView:
    """Make or change a supplier."""
    principal.check_every_store()
    now = utc_now()
    view = await service.put_supplier(conn, principal, (supplier_id, supplier), if_match=if_match, now=now)
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/{supplier_id}")
async def get_supplier(conn: Read, _: Reader, supplier_id: SupplierId, response: Response) -> SupplierView:
    view = await service.get_supplier(conn, supplier_id)
    tag(response, view.version)
    return view


@router.get("")
async def list_suppliers(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SupplierView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_suppliers(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].supplier_id) if more else None
    )

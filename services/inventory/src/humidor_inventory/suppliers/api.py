"""Suppliers and their prices over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Reader, SupplierId, Writer, tag
from humidor_inventory.suppliers import prices, service
from humidor_inventory.suppliers.schemas import PriceList, PriceView, SupplierInput, SupplierView

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


@router.put("/{supplier_id}/prices")
async def put_prices(
    conn: Tx, principal: Writer, supplier_id: SupplierId, price_list: PriceList
) -> Page[PriceView]:
    """Set prices of products, by day and quantity; orders take them when they are placed."""
    principal.check_every_store()
    items = await prices.put_prices(conn, principal, supplier_id, price_list, now=utc_now())
    return Page(items=items)


@router.get("/{supplier_id}/prices")
async def list_prices(
    conn: Read,
    _: Reader,
    supplier_id: SupplierId,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PriceView]:
    """Read the prices by product, day and step."""
    after = decode_cursor(cursor, str, date, int) if cursor else ("", date.min, -1)
    found = await prices.list_prices(
        conn, supplier_id, gtin, after=(after[0], after[1], after[2]), limit=limit + 1
    )
    items = found[:limit]
    more = len(found) > limit
    last = items[-1] if more else None
    return Page(
        items=items,
        next_cursor=encode_cursor(last.gtin, last.valid_from, last.minimum_sticks) if last else None,
    )

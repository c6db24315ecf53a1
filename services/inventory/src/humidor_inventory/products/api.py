"""Products over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Label, Reader, SupplierId, Writer, tag
from humidor_inventory.products import queries, service
from humidor_inventory.products.schemas import (
    ProductBatch,
    ProductInput,
    ProductResult,
    ProductResults,
    ProductView,
    TradeItemView,
)

router = APIRouter(prefix="/v1", tags=["products"])


@router.put("/products/{gtin}", responses={201: {"model": ProductView}})
async def put_product(
    conn: Tx,
    principal: Writer,
    gtin: Gtin,
    product: ProductInput,
    response: Response,
    if_match: IfMatch = None,
) -> ProductView:
    """Register or change a product; what was sold of it before is applied to the stock now."""
    principal.check_every_store()
    given = [(gtin, product)]
    (outcome,) = await service.put_products(conn, principal, given, now=utc_now(), if_match=if_match)
    if outcome.problem or outcome.product is None:
        raise outcome.problem or RuntimeError("a product is either kept or refused")
    tag(response, outcome.product["version"], created=outcome.status == "created")
    return ProductView(**outcome.product)


@router.post("/products:batch")
async def put_products(conn: Tx, principal: Writer, batch: ProductBatch) -> ProductResults:
    """Register or change up to 1,000 products; sending it again changes nothing."""
    principal.check_every_store()
    given = [(product.gtin, product) for product in batch.products]
    outcomes = await service.put_products(conn, principal, given, now=utc_now())
    return ProductResults(
        results=[
            ProductResult(
                gtin=outcome.gtin,
                status=outcome.status,
                version=outcome.product["version"] if outcome.product else None,
                problem=outcome.problem.document() if outcome.problem else None,
            )
            for outcome in outcomes
        ]
    )


@router.get("/products/{gtin}")
async def get_product(conn: Read, _: Reader, gtin: Gtin, response: Response) -> ProductView:
    view = await service.get_product(conn, gtin)
    tag(response, view.version)
    return view


@router.get("/trade-items/{gtin}")
async def get_trade_item(conn: Read, _: Reader, gtin: Gtin) -> TradeItemView:
    """Tell which product and unit a scanned GTIN stands for."""
    return await service.get_trade_item(conn, gtin)


@router.get("/products")
async def list_products(
    conn: Read,
    _: Reader,
    brand: Annotated[Label | None, Query()] = None,
    status: Annotated[Literal["active", "discontinued"] | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ProductView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    filters = (brand, status, supplier_id)
    found = await queries.list_products(conn, filters, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)

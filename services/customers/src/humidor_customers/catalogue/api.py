"""The products that trade customers order, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.catalogue import queries, service
from humidor_customers.catalogue.schemas import OfferInput, ProductView
from humidor_customers.inputs import Code, Gtin, Reader, Writer

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"])


@router.get("")
async def list_products(
    conn: Read,
    _: Reader,
    price_segment: Annotated[Code | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ProductView]:
    """Read products with their offers, by price segment."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, segment=price_segment, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)


@router.get("/{gtin}")
async def get_product(
    conn: Read, _: Reader, gtin: Annotated[Gtin, Path()], response: Response
) -> ProductView:
    view = await service.get_product(conn, gtin)
    tag(response, view.version)
    return view


@router.put("/{gtin}/offer", responses={201: {"model": ProductView}})
async def put_offer(
    conn: Tx,
    principal: Writer,
    gtin: Annotated[Gtin, Path()],
    offer: OfferInput,
    response: Response,
    if_match: IfMatch = None,
) -> ProductView:
    """Set what trade customers pay for a carton, and the segment whose caps it counts for."""
    principal.check_every_store()
    view = await service.put_offer(conn, principal, (gtin, offer), if_match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view

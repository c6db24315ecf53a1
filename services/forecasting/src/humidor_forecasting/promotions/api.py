"""Promotions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.inputs import Code, Reader, Writer
from humidor_forecasting.promotions import queries, service
from humidor_forecasting.promotions.schemas import PromotionInput, PromotionView

router = APIRouter(prefix="/v1/promotions", tags=["promotions"])

PromotionPath = Annotated[Code, Path()]


@router.get("")
async def list_promotions(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[PromotionView]:
    """Read promotions, past and planned."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].promotion_id) if more else None
    )


@router.get("/{promotion_id}")
async def get_promotion(
    conn: Read, _: Reader, promotion_id: PromotionPath, response: Response
) -> PromotionView:
    view = await service.get_promotion(conn, promotion_id)
    tag(response, view.version)
    return view


@router.put("/{promotion_id}", responses={201: {"model": PromotionView}})
async def put_promotion(
    conn: Tx,
    principal: Writer,
    promotion_id: PromotionPath,
    promotion: PromotionInput,
    response: Response,
    if_match: IfMatch = None,
) -> PromotionView:
    """Record a promotion that was, is or will be: its days are not taken for usual ones."""
    view = await service.put_promotion(
        conn, principal, (promotion_id, promotion), if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view


@router.delete("/{promotion_id}", status_code=204)
async def delete_promotion(conn: Tx, principal: Writer, promotion_id: PromotionPath) -> None:
    """Forget a promotion that did not take place."""
    await service.remove_promotion(conn, principal, promotion_id)

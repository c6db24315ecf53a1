"""Claims about delivered orders over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, tag, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.claims import service
from humidor_customers.claims.schemas import ClaimInput, ClaimView, Decision, Filters
from humidor_customers.inputs import Reader, Writer
from humidor_customers.orders.api import seen_order

router = APIRouter(prefix="/v1", tags=["orders"])


@router.post("/orders/{order_id}/claims", status_code=201, response_model=ClaimView)
async def post_claim(
    conn: Tx, principal: Writer, order_id: UUID, claim: ClaimInput, idempotency: Idempotency
) -> Response:
    """Claim what was wrong with a delivery; never more than came, or should have come."""
    await seen_order(conn, principal, order_id)
    return await idempotency.run(
        conn, lambda: service.raise_claim(conn, principal, order_id, claim, now=utc_now())
    )


@router.post("/claims/{claim_id}:decide")
async def post_decision(
    conn: Tx,
    principal: Writer,
    claim_id: UUID,
    decision: Decision,
    response: Response,
    if_match: IfMatch = None,
) -> ClaimView:
    """Accept a claim, with what is credited for it, or reject it."""
    principal.check_every_store()
    view = await service.decide_claim(conn, principal, (claim_id, decision), if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.get("/claims")
async def list_claims(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ClaimView]:
    """Read claims, the newest first."""
    visible = visible_stores(principal, None)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await service.list_claims(conn, filters, visible, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].claim_id) if more else None)

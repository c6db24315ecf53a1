"""Consultations before a sale and sample requests over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.parties import narrow
from humidor_customers.samples import queries, service
from humidor_customers.samples.schemas import (
    Conversions,
    Filters,
    Period,
    PresaleInput,
    PresaleView,
    StepInput,
)

router = APIRouter(prefix="/v1/presales", tags=["presales"])


@router.post("", status_code=201, response_model=PresaleView)
async def post_presale(
    conn: Tx, principal: Writer, presale: PresaleInput, idempotency: Idempotency
) -> Response:
    """Open a consultation or a sample request; consumers are refused, naming the rule."""
    return await idempotency.run(conn, lambda: service.open_presale(conn, principal, presale, now=utc_now()))


@router.get("")
async def list_presales(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PresaleView]:
    """Read them, the newest first: of one customer, or for callers of every store of all."""
    await narrow(conn, principal, "retailer" if filters.retailer_id else None, filters.retailer_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    rows = await queries.page(conn, filters, before=before, limit=limit + 1)
    found = [PresaleView(**row) for row in rows]
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].presale_id) if more else None)


@router.get("/conversions")
async def get_conversions(conn: Read, principal: Reader, period: Annotated[Period, Query()]) -> Conversions:
    """Count what came of all that was opened in a period: states, orders, their value, days to them."""
    principal.check_every_store()
    return Conversions(items=await service.conversions(conn, period))


@router.get("/{presale_id}")
async def get_presale(conn: Read, principal: Reader, presale_id: UUID, response: Response) -> PresaleView:
    view = await service.get_presale(conn, principal, presale_id)
    tag(response, view.version)
    return view


@router.post("/{presale_id}/steps")
async def post_step(
    conn: Tx,
    principal: Writer,
    presale_id: UUID,
    step: StepInput,
    response: Response,
    if_match: IfMatch = None,
) -> PresaleView:
    """Take the next step: answered, approved, sent, received, converted into an order or lost."""
    view = await service.step(conn, principal, (presale_id, step), if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view

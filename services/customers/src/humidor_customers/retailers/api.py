"""Trade customers over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, tag, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader, RetailerId, Writer
from humidor_customers.retailers import licences, notes, service
from humidor_customers.retailers.listing import RetailerFilters
from humidor_customers.retailers.listing import list_retailers as find_retailers
from humidor_customers.retailers.schemas import (
    CheckInput,
    CheckView,
    NewRetailer,
    NoteInput,
    NoteView,
    RetailerChange,
    RetailerView,
)
from humidor_customers.retailers.seeing import check_seen, seen

router = APIRouter(prefix="/v1/retailers", tags=["retailers"])

RetailerPath = Annotated[RetailerId, Path()]
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "The record was merged; `Location` names the survivor."}
}


@router.post("", status_code=201, response_model=RetailerView)
async def post_retailer(
    conn: Tx, principal: Writer, retailer: NewRetailer, idempotency: Idempotency
) -> Response:
    """Register a trade customer; an id that is taken is a 409."""
    principal.check_every_store()
    return await idempotency.run(conn, lambda: service.register(conn, principal, retailer, now=utc_now()))


@router.put("/{retailer_id}", responses={201: {"model": RetailerView}})
async def put_retailer(
    conn: Tx,
    principal: Writer,
    retailer_id: RetailerPath,
    retailer: RetailerChange,
    response: Response,
    if_match: IfMatch = None,
) -> RetailerView:
    """Make or change a trade customer, saying why."""
    principal.check_every_store()
    now = utc_now()
    view = await service.put_retailer(
        conn, principal, (retailer_id, retailer), reason=retailer.reason, if_match=if_match, now=now
    )
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/{retailer_id}", response_model=RetailerView, responses=_MOVED)
async def get_retailer(
    conn: Read, principal: Reader, retailer_id: RetailerPath, response: Response
) -> RetailerView | Response:
    """Read a trade customer; a record that was merged leads to the one that goes on for it."""
    found = await service.get_retailer(conn, retailer_id)
    if found["merged_into"]:
        body = {"retailer_id": retailer_id, "merged_into": found["merged_into"]}
        return JSONResponse(body, 301, {"Location": found["merged_into"]})
    check_seen(principal, found)
    view = service.view(found, utc_now())
    tag(response, view.version)
    return view


@router.get("")
async def list_retailers(
    conn: Read,
    principal: Reader,
    filters: RetailerFilters,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RetailerView]:
    """Read trade customers by any of the filters; `licence` and `name` ask for a beginning."""
    visible = visible_stores(principal, filters.store_id)
    now = utc_now()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await find_retailers(conn, filters, visible, now=now, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[service.view(each, now) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1]["retailer_id"]) if more else None,
    )


@router.post("/{retailer_id}/licence-checks", status_code=201, response_model=CheckView)
async def post_check(
    conn: Tx, principal: Writer, retailer_id: RetailerPath, check: CheckInput, idempotency: Idempotency
) -> Response:
    """Record what an authority says of the licence; from now on it is active, suspended or revoked."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: licences.record_check(conn, principal, retailer_id, check, now=utc_now())
    )


@router.get("/{retailer_id}/licence-checks")
async def list_checks(
    conn: Read,
    principal: Reader,
    retailer_id: RetailerPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[CheckView]:
    await seen(conn, principal, retailer_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await licences.list_checks(conn, retailer_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].check_id) if more else None)


@router.post("/{retailer_id}/notes", status_code=201, response_model=NoteView)
async def post_note(
    conn: Tx, principal: Writer, retailer_id: RetailerPath, note: NoteInput, idempotency: Idempotency
) -> Response:
    """Note something about a trade customer."""
    await seen(conn, principal, retailer_id)
    return await idempotency.run(
        conn, lambda: notes.write_note(conn, principal, retailer_id, note.text, now=utc_now())
    )


@router.get("/{retailer_id}/notes")
async def list_notes(
    conn: Read,
    principal: Reader,
    retailer_id: RetailerPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[NoteView]:
    await seen(conn, principal, retailer_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await notes.list_notes(conn, retailer_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].note_id) if more else None)

"""Requests of persons about their data over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Reason, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.consumers.schemas import ConsumerView, MemberId
from humidor_customers.inputs import NEWEST, Admin, Reader, Writer
from humidor_customers.rights import ledger, proof, queries, service
from humidor_customers.rights.schemas import (
    Filters,
    LinkView,
    NewRequest,
    Proof,
    RefusalInput,
    RequestView,
    StartInput,
)

router = APIRouter(tags=["privacy"])

PATH = "/v1/privacy-requests"


@router.post(PATH, status_code=201, response_model=RequestView)
async def post_request(
    conn: Tx, principal: Writer, request: NewRequest, idempotency: Idempotency
) -> Response:
    """Take a member's request to be handed its data, or to be forgotten."""
    return await idempotency.run(conn, lambda: service.open_request(conn, principal, request, now=utc_now()))


@router.get(PATH)
async def list_requests(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RequestView]:
    """Read requests, the newest first; `overdue=true` lists those that are open after their time."""
    visible = visible_stores(principal, filters.store_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, visible, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].request_id) if more else None)


@router.get(PATH + "/{request_id}")
async def get_request(conn: Read, principal: Reader, request_id: UUID) -> RequestView:
    """Read a request with how far each service is."""
    return await service.seen(conn, principal, request_id)


@router.post(PATH + "/{request_id}:start")
async def post_start(conn: Tx, principal: Writer, request_id: UUID, start: StartInput) -> RequestView:
    """Start a request once it is clear that the member asks."""
    return await service.start_request(conn, principal, request_id, start.identity_check, now=utc_now())


@router.post(PATH + "/{request_id}:refuse")
async def post_refusal(conn: Tx, principal: Writer, request_id: UUID, refusal: RefusalInput) -> RequestView:
    """Refuse a request that has not started, saying why."""
    return await service.refuse_request(conn, principal, request_id, refusal.why, now=utc_now())


@router.post(PATH + "/{request_id}:ask-again")
async def post_question(conn: Tx, principal: Writer, request_id: UUID) -> RequestView:
    """Ask the services again; those that have not answered for a day are asked again by themselves."""
    return await service.ask_again(conn, principal, request_id, now=utc_now())


@router.get(PATH + "/{request_id}/proof")
async def get_proof(conn: Read, principal: Reader, request_id: UUID, response: Response) -> Proof:
    """Download what was done about a request, where and when, with the links that prove it."""
    response.headers["Content-Disposition"] = f'attachment; filename="proof-{request_id}.json"'
    return await proof.prove(conn, principal, request_id)


@router.get(PATH + "/{request_id}/export", response_class=Response)
async def get_export(conn: Tx, principal: Writer, request_id: UUID) -> Response:
    """Download what was gathered; this needs the right to write, and is noted in the audit trail."""
    document = await proof.hand_out(conn, principal, request_id, now=utc_now())
    headers = {
        "Content-Disposition": f'attachment; filename="export-{request_id}.json"',
        "Cache-Control": "no-store",
    }
    return Response(document, media_type="application/json", headers=headers)


@router.get("/v1/privacy-ledger")
async def list_links(
    conn: Read,
    _: Admin,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[LinkView]:
    """Read the whole chain of proof from its beginning, to check it link by link."""
    after = decode_cursor(cursor, int)[0] if cursor else 0
    found = await ledger.links_after(conn, after, limit + 1)
    more = len(found) > limit
    items = [proof.view_of(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].seq) if more else None)


@router.post("/v1/consumers/{member_id}:erase", tags=["consumers"])
async def post_erase(
    conn: Tx, principal: Writer, member_id: Annotated[MemberId, Path()], decision: Reason
) -> ConsumerView:
    """Forget who a member is, in every service; the id and the proof of consents stay."""
    return await service.erase_now(conn, principal, member_id, reason=decision.reason, now=utc_now())

"""Interactions over HTTP, and where providers of channels call us."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from humidor_common.auth.sealing import Sealer
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.channels.adapter import Incoming
from humidor_customers.channels.schemas import AccountId
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.interactions import receiving, sending, service
from humidor_customers.interactions.schemas import (
    Assignment,
    Filters,
    InteractionInput,
    InteractionView,
    MessageInput,
    TextView,
)

router = APIRouter(prefix="/v1", tags=["interactions"])


@router.post("/interactions", status_code=201, response_model=InteractionView)
async def post_interaction(
    conn: Tx, principal: Writer, interaction: InteractionInput, idempotency: Idempotency
) -> Response:
    """Note down a call, visit, letter or talk that has taken place."""
    return await idempotency.run(conn, lambda: service.record(conn, principal, interaction, now=utc_now()))


@router.post("/messages", status_code=201, response_model=InteractionView)
async def post_message(
    conn: Tx, principal: Writer, message: MessageInput, idempotency: Idempotency
) -> Response:
    """Send a message over a channel; to a consumer only with the consent to purpose and channel."""
    return await idempotency.run(conn, lambda: sending.queue(conn, principal, message, now=utc_now()))


@router.get("/interactions")
async def list_interactions(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[InteractionView]:
    """Read interactions, the newest first; `unassigned` are those that came in from nobody known."""
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await service.page(conn, principal, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].interaction_id) if more else None
    )


@router.get("/interactions/{interaction_id}")
async def get_interaction(conn: Read, principal: Reader, interaction_id: UUID) -> InteractionView:
    return await service.get_interaction(conn, principal, interaction_id)


@router.get("/interactions/{interaction_id}/text")
async def get_text(conn: Tx, principal: Writer, interaction_id: UUID) -> TextView:
    """Read what was said; this needs the right to write, and is noted in the audit trail."""
    return await service.read_text(conn, principal, interaction_id)


@router.post("/interactions/{interaction_id}:assign")
async def post_assign(
    conn: Tx, principal: Writer, interaction_id: UUID, assignment: Assignment
) -> InteractionView:
    """Say whom a message that came in is from."""
    return await service.assign(conn, principal, interaction_id, assignment.customer.party, now=utc_now())


@router.get("/channels/{account_id}/inbound", response_class=Response)
async def get_inbound(conn: Read, request: Request, account_id: Annotated[AccountId, Path()]) -> Response:
    """Answer a provider that makes sure whom it calls, as WeCom does; it proves itself by its signature."""
    return await _receive(conn, request, account_id)


@router.post("/channels/{account_id}/inbound", response_class=Response)
async def post_inbound(conn: Tx, request: Request, account_id: Annotated[AccountId, Path()]) -> Response:
    """Take what a provider tells: messages and receipts; it proves itself by its signature or key."""
    return await _receive(conn, request, account_id)


async def _receive(conn: Tx, request: Request, account_id: str) -> Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    incoming = Incoming(request.method, dict(request.query_params), headers, await request.body())
    sealer = Sealer(request.app.state.runtime.settings.connector_keys)
    received = await receiving.receive(conn, account_id, incoming, sealer, now=utc_now())
    return Response(received.answer, media_type=received.media_type)

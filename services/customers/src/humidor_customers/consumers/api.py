"""Members among consumers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, Reason, tag, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_customers.consumers import contacts, queries, service
from humidor_customers.consumers.schemas import (
    AdultCheck,
    ConsentDecisions,
    ConsentView,
    ConsumerInput,
    ConsumerView,
    ContactInput,
    ContactView,
    Filters,
    MemberId,
    NewConsumer,
)
from humidor_customers.inputs import NEWEST, Reader, Writer

router = APIRouter(prefix="/v1/consumers", tags=["consumers"])

MemberPath = Annotated[MemberId, Path()]


@router.post("", status_code=201, response_model=ConsumerView)
async def post_consumer(
    conn: Tx, principal: Writer, consumer: NewConsumer, idempotency: Idempotency
) -> Response:
    """Record a member; whoever is not an adult is refused with `not-an-adult`, naming the rule."""
    principal.check_store(consumer.store_id)
    return await idempotency.run(conn, lambda: contacts.join(conn, principal, consumer, now=utc_now()))


@router.get("")
async def list_consumers(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ConsumerView]:
    """Read members by any of the filters."""
    visible = visible_stores(principal, filters.store_id)
    if (filters.purpose is None) != (filters.channel is None):
        raise invalid("purpose" if filters.channel else "channel", "purpose and channel go together")
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, filters, visible, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].member_id) if more else None)


@router.get("/{member_id}")
async def get_consumer(
    conn: Read, principal: Reader, member_id: MemberPath, response: Response
) -> ConsumerView:
    view = await service.seen(conn, principal, member_id)
    tag(response, view.version)
    return view


@router.put("/{member_id}")
async def put_consumer(
    conn: Tx,
    principal: Writer,
    member_id: MemberPath,
    consumer: ConsumerInput,
    response: Response,
    if_match: IfMatch = None,
) -> ConsumerView:
    """Change a member's card number or store."""
    principal.check_store(consumer.store_id)
    view = await service.put_consumer(
        conn, principal, (member_id, consumer), if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.get("/{member_id}/contact")
async def get_contact(conn: Tx, principal: Writer, member_id: MemberPath) -> ContactView:
    """Read who a member is; this needs the right to write, and is noted in the audit trail."""
    return await contacts.read_contact(conn, principal, member_id)


@router.put("/{member_id}/contact")
async def put_contact(
    conn: Tx, principal: Writer, member_id: MemberPath, contact: ContactInput
) -> ConsumerView:
    """Say who a member is, as far as the member wants to; what is left out is forgotten."""
    return await contacts.put_contact(conn, principal, member_id, contact, now=utc_now())


@router.post("/{member_id}/adult-checks")
async def post_adult_check(
    conn: Tx, principal: Writer, member_id: MemberPath, check: AdultCheck
) -> ConsumerView:
    """Record a check of a member's age; the membership of a minor ends at once."""
    return await service.check_adult(conn, principal, member_id, check, now=utc_now())


@router.post("/{member_id}/consents", status_code=201, response_model=ConsumerView)
async def post_consents(
    conn: Tx, principal: Writer, member_id: MemberPath, decisions: ConsentDecisions, idempotency: Idempotency
) -> Response:
    """Record what a member allows or takes back; one decided earlier than what holds changes nothing."""
    return await idempotency.run(
        conn, lambda: service.decide(conn, principal, member_id, decisions.consents, now=utc_now())
    )


@router.get("/{member_id}/consents")
async def list_consents(
    conn: Read,
    principal: Reader,
    member_id: MemberPath,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ConsentView]:
    """Read everything a member ever decided, the latest recorded first."""
    await service.seen(conn, principal, member_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.consents_of(conn, member_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].consent_id) if more else None)


@router.post("/{member_id}:leave")
async def post_leave(conn: Tx, principal: Writer, member_id: MemberPath, decision: Reason) -> ConsumerView:
    """End a membership; all consents are withdrawn."""
    before = await service.lock_live(conn, principal, member_id)
    return await service.end(conn, principal, before, "left", reason=decision.reason, now=utc_now())

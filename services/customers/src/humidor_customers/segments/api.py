"""Segments over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, Reason, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, PartyKind, Reader, Writer
from humidor_customers.jobs.schemas import JobView
from humidor_customers.segments import queries, service
from humidor_customers.segments.rules import FIELDS
from humidor_customers.segments.schemas import (
    FieldList,
    FieldView,
    MemberView,
    NewSegment,
    PreviewInput,
    PreviewView,
    SegmentInput,
    SegmentView,
)

router = APIRouter(prefix="/v1/segments", tags=["analytics"])


@router.get("/fields")
async def list_fields(_: Reader) -> FieldList:
    """Read which fields rules may name."""
    fields = [
        FieldView(field=name, kind=each.kind, model=each.model, party_kind=each.party_kind)
        for name, each in FIELDS.items()
    ]
    return FieldList(fields=fields)


@router.post(":preview")
async def post_preview(conn: Read, principal: Reader, given: PreviewInput) -> PreviewView:
    """Try a rule: how many customers meet it, and some of them."""
    principal.check_every_store()
    return await service.preview(conn, given)


@router.post("", status_code=201, response_model=SegmentView)
async def post_segment(
    conn: Tx, principal: Writer, segment: NewSegment, idempotency: Idempotency
) -> Response:
    """Make a segment of a rule."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.create_segment(conn, principal, segment, now=utc_now())
    )


@router.get("")
async def list_segments(
    conn: Read,
    principal: Reader,
    party_kind: Annotated[PartyKind | None, Query()] = None,
    retired: Annotated[bool, Query()] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SegmentView]:
    """Read segments, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, party_kind, retired=retired, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].segment_id) if more else None)


@router.get("/{segment_id}")
async def get_segment(conn: Read, principal: Reader, segment_id: UUID, response: Response) -> SegmentView:
    principal.check_every_store()
    found = await service.get_segment(conn, segment_id)
    tag(response, found.version)
    return found


@router.put("/{segment_id}")
async def put_segment(
    conn: Tx,
    principal: Writer,
    segment_id: UUID,
    segment: SegmentInput,
    response: Response,
    if_match: IfMatch = None,
) -> SegmentView:
    """Give a segment another name or rule."""
    principal.check_every_store()
    view = await service.change_segment(
        conn, principal, (segment_id, segment), if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.get("/{segment_id}/members")
async def list_members(
    conn: Read, principal: Reader, segment_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[MemberView]:
    """Read the ids of those who are in a segment."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.members_of(conn, segment_id, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[MemberView(party_id=each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1]) if more else None,
    )


@router.post("/{segment_id}:freeze", status_code=202, response_model=JobView)
async def post_freezing(conn: Tx, principal: Writer, segment_id: UUID, idempotency: Idempotency) -> Response:
    """Have a job write down who is in a segment; from then on they stay. `/v1/jobs/{job_id}` says how far."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.freeze_segment(conn, principal, segment_id, now=utc_now()), status=202
    )


@router.post("/{segment_id}:publish", status_code=202, response_model=JobView)
async def post_publication(
    conn: Tx, principal: Writer, segment_id: UUID, idempotency: Idempotency
) -> Response:
    """Have a job tell everybody who listens who is in a segment, by ids."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.publish_segment(conn, principal, segment_id, now=utc_now()), status=202
    )


@router.post("/{segment_id}:retire")
async def post_retirement(conn: Tx, principal: Writer, segment_id: UUID, given: Reason) -> SegmentView:
    """Let a segment be used no more."""
    principal.check_every_store()
    return await service.retire_segment(conn, principal, segment_id, given.reason, now=utc_now())

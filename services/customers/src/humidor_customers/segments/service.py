"""Keeps segments: tries their rules, lists who is in them, and tells it."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.inputs import PartyKind
from humidor_customers.jobs.schemas import JobView
from humidor_customers.jobs.service import start_job
from humidor_customers.segments import queries
from humidor_customers.segments.rules import BadRule, Rule, check, models_of
from humidor_customers.segments.schemas import (
    NewSegment,
    PreviewInput,
    PreviewView,
    SegmentInput,
    SegmentView,
)

FREEZE, PUBLISH = "segment_freezing", "segment_publication"


async def preview(conn: Connection, given: PreviewInput) -> PreviewView:
    """Say how many customers meet a rule, with a sample.

    Raises:
        Problem: 422 naming the part of the rule.
    """
    needed = _check(given.rule, given.party_kind)
    models = await queries.models_in_force(conn, given.party_kind)
    missing = [each for each in needed if each not in models]
    return await queries.preview(conn, given.rule, given.party_kind, models, missing)


async def create_segment(
    conn: Connection, principal: Principal, new: NewSegment, *, now: datetime
) -> SegmentView:
    """Make a segment; a job (`job_id`) writes down who is in a frozen one, and they stay.

    Raises:
        Problem: 422 naming the part of the rule.
    """
    _check(new.rule, new.party_kind)
    segment = SegmentView(
        **new.model_dump(),
        segment_id=uuid7(),
        size=None,
        revision=0,
        counted_at=None,
        published_at=None,
        job_id=None,
        retired=False,
        version=1,
        created_by=principal.subject,
        created_at=now,
        changed_at=now,
    )
    if segment.mode == "frozen":
        job = await _start(conn, principal, FREEZE, segment, now)
        segment = segment.model_copy(update={"job_id": job.job_id})
    await queries.write(conn, segment)
    await _note(conn, principal, "create", None, segment)
    return segment


async def change_segment(
    conn: Connection,
    principal: Principal,
    segment: tuple[UUID, SegmentInput],
    *,
    if_match: str | None,
    now: datetime,
) -> SegmentView:
    """Give a segment another name or rule.

    Raises:
        Problem: 404; 409 `segment-frozen`, `segment-retired`; 412; 422.
    """
    segment_id, given = segment
    before = await _lock(conn, segment_id)
    check_match(if_match, before.version)
    _check(given.rule, before.party_kind)
    if before.mode == "frozen" and given.rule != before.rule:
        raise Problem(409, "segment-frozen", "Who is in a frozen segment stays; make another one.")
    changes = {"name": given.name, "rule": given.rule, "version": before.version + 1, "changed_at": now}
    after = before.model_copy(update=changes)
    await queries.write(conn, after)
    await _note(conn, principal, "change", before, after, given.reason)
    return after


async def publish_segment(
    conn: Connection, principal: Principal, segment_id: UUID, *, now: datetime
) -> JobView:
    """Have a job tell who is in a segment: ids alone, some thousands an event; a live one is listed anew.

    Raises:
        Problem: 404; 409 `segment-retired`.
    """
    before = await _lock(conn, segment_id)
    return await _ask(conn, principal, PUBLISH, before, now)


async def freeze_segment(
    conn: Connection, principal: Principal, segment_id: UUID, *, now: datetime
) -> JobView:
    """Have a job write down who is in a live segment, which is frozen from then on.

    Also for one that was made frozen and whose job was cancelled or has failed.

    Raises:
        Problem: 404; 409 `segment-frozen`, `segment-retired`.
    """
    before = await _lock(conn, segment_id)
    if before.mode == "frozen" and before.revision > 0:
        raise Problem(409, "segment-frozen", "Who is in it has been written down already.")
    return await _ask(conn, principal, FREEZE, before, now)


async def retire_segment(
    conn: Connection, principal: Principal, segment_id: UUID, reason: str, *, now: datetime
) -> SegmentView:
    """Let a segment be used no more; who was in it is forgotten.

    Raises:
        Problem: 404; 409 `segment-retired`.
    """
    before = await _lock(conn, segment_id)
    after = before.model_copy(update={"retired": True, "version": before.version + 1, "changed_at": now})
    await queries.write(conn, after)
    await queries.forget_members(conn, segment_id)
    await _note(conn, principal, "retire", before, after, reason)
    return after


async def get_segment(conn: Connection, segment_id: UUID) -> SegmentView:
    found = await queries.read(conn, segment_id)
    if found is None:
        raise not_found("segment", segment_id)
    return found


async def members_of(conn: Connection, segment_id: UUID, *, after: str, limit: int) -> list[str]:
    """Read the ids of those who are in a segment: now in a live one, as it was listed in a frozen one.

    Raises:
        Problem: 404; 409 `segment-not-listed`.
    """
    segment = await get_segment(conn, segment_id)
    if segment.mode == "frozen" and segment.revision == 0 and not segment.retired:
        raise Problem(409, "segment-not-listed", f"Job {segment.job_id} has not listed the segment yet.")
    if segment.mode == "frozen" or segment.retired:
        return await queries.listed_members(conn, segment, after=after, limit=limit)
    models = await queries.models_in_force(conn, segment.party_kind)
    return await queries.live_members(conn, segment, models, after=after, limit=limit)


def _check(rule: Rule, party_kind: PartyKind) -> list[str]:
    try:
        return models_of(check(rule, party_kind))
    except BadRule as error:
        raise invalid(error.place, error.why) from error


async def _start(
    conn: Connection, principal: Principal, kind: str, segment: SegmentView, now: datetime
) -> JobView:
    return await start_job(conn, principal, kind, {"segment_id": str(segment.segment_id)}, now=now)


async def _ask(
    conn: Connection, principal: Principal, kind: str, before: SegmentView, now: datetime
) -> JobView:
    """Start a job on a segment; the version stays, because nothing of it has changed that people edit."""
    job = await _start(conn, principal, kind, before, now)
    await queries.write(conn, before.model_copy(update={"job_id": job.job_id}))
    return job


async def _lock(conn: Connection, segment_id: UUID) -> SegmentView:
    found = await queries.read(conn, segment_id, lock=True)
    if found is None:
        raise not_found("segment", segment_id)
    if found.retired:
        raise Problem(409, "segment-retired", "The segment is used no more.")
    return found


async def _note(
    conn: Connection,
    principal: Principal,
    action: str,
    before: SegmentView | None,
    after: SegmentView,
    reason: str | None = None,
) -> None:
    await audit.record(
        conn,
        principal,
        action,
        "segment",
        str(after.segment_id),
        before=before,
        after=after,
        reason=reason,
    )

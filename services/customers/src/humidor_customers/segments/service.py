"""Keeps segments: tries their rules, lists who is in them, and tells it."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import SegmentPublished
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.inputs import PartyKind
from humidor_customers.purchases import queries as purchases
from humidor_customers.segments import queries
from humidor_customers.segments.rules import BadRule, Rule, check, models_of
from humidor_customers.segments.schemas import (
    NewSegment,
    PreviewInput,
    PreviewView,
    SegmentInput,
    SegmentView,
)


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
    """Make a segment; who is in a frozen one is written down at once, and stays.

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
        retired=False,
        version=1,
        created_by=principal.subject,
        created_at=now,
        changed_at=now,
    )
    await queries.write(conn, segment)
    if segment.mode == "frozen":
        segment = await _list(conn, segment, now)
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
) -> SegmentView:
    """Tell who is in a segment: ids alone, some thousands an event; a live one is listed anew.

    Raises:
        Problem: 404; 409 `segment-retired`.
    """
    before = await _lock(conn, segment_id)
    segment = await _list(conn, before, now) if before.mode == "live" else before
    segment = segment.model_copy(update={"published_at": now, "version": before.version + 1})
    await queries.write(conn, segment)
    parts = await queries.chunks(conn, segment_id, segment.revision)
    told = [
        SegmentPublished(
            segment_id=segment_id,
            revision=segment.revision,
            party_kind=segment.party_kind,
            size=segment.size or 0,
            part=n,
            parts=max(len(parts), 1),
            party_ids=ids,
            published_at=now,
        )
        for n, ids in enumerate([part["party_ids"] for part in parts] or [[]], 1)
    ]
    await outbox.append(conn, told)
    await _note(conn, principal, "publish", before, segment)
    return segment


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
    """Read the ids of those who are in a segment: now in a live one, since it was made in a frozen one."""
    segment = await get_segment(conn, segment_id)
    if segment.mode == "frozen" or segment.retired:
        return await queries.listed_members(conn, segment, after=after, limit=limit)
    models = await queries.models_in_force(conn, segment.party_kind)
    return await queries.live_members(conn, segment, models, after=after, limit=limit)


def _check(rule: Rule, party_kind: PartyKind) -> list[str]:
    try:
        return models_of(check(rule, party_kind))
    except BadRule as error:
        raise invalid(error.place, error.why) from error


async def _list(conn: Connection, segment: SegmentView, now: datetime) -> SegmentView:
    """List who is in a segment now; the caller writes the segment. Nobody is erased meanwhile."""
    await purchases.share(conn)
    models = await queries.models_in_force(conn, segment.party_kind)
    revision = segment.revision + 1
    size = await queries.list_members(conn, segment, models, revision)
    return segment.model_copy(update={"size": size, "revision": revision, "counted_at": now})


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
        before=before and before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        reason=reason,
    )

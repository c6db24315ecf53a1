"""The jobs that list who is in a segment, and tell it where it is published."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.events.customers import SegmentPublished
from humidor_common.messaging import outbox
from humidor_customers.jobs.working import Handler, Job, Undoable
from humidor_customers.purchases import queries as purchases
from humidor_customers.segments import listing, queries
from humidor_customers.segments.listing import Listed, Listing
from humidor_customers.segments.schemas import SegmentView
from humidor_customers.segments.service import FREEZE, PUBLISH

WORKER = Principal(subject="segments", kind="system")
AT_ONCE = 20
"""So many events are made at a time: each carries some thousand ids."""


async def freeze(job: Job) -> Mapping[str, Any]:
    """Write down who is in a segment, which from then on does not change."""
    return await _work(job, publish=False)


async def publish(job: Job) -> Mapping[str, Any]:
    """Tell who is in a segment; a live one, or a frozen one without a list, is listed before."""
    return await _work(job, publish=True)


HANDLERS: dict[str, Handler] = {FREEZE: freeze, PUBLISH: publish}


async def _work(job: Job, *, publish: bool) -> Mapping[str, Any]:
    """Do it in one transaction: what is cancelled, or was begun by a worker that died, leaves nothing.

    Nobody is erased meanwhile, and no model put out of force, so that it is one list and not two halves. The
    segment itself is locked at the end alone: it can be read and changed all the time.
    """
    segment_id = UUID(job.parameters["segment_id"])
    async with transaction(job.pool) as conn:
        await purchases.share(conn)
        await listing.lock_list(conn, segment_id)
        before = _usable(await queries.read(conn, segment_id), None)
        if not publish and before.mode == "frozen" and before.revision > 0:
            raise Undoable("segment-frozen", "It has been listed already.")
        needs_list = before.mode == "live" or before.revision == 0
        listed = await _list(job, conn, before) if needs_list else None
        await job.keep(conn)
        now = _usable(await queries.read(conn, segment_id, lock=True), before)
        after = _after(now, listed, publish=publish)
        await queries.write(conn, after)
        if listed is not None:
            await listing.forget_former(conn, segment_id, after.revision)
        if publish:
            await _tell(job, conn, after)
        action = "publish" if publish else "freeze"
        await audit.record(conn, WORKER, action, "segment", str(segment_id), before=now, after=after)
    return {"segment_id": str(segment_id), "revision": after.revision, "size": after.size}


def _usable(segment: SegmentView | None, before: SegmentView | None) -> SegmentView:
    if segment is None or segment.retired:
        raise Undoable("segment-retired", "The segment is used no more.")
    if before is not None and (before.rule, before.mode) != (segment.rule, segment.mode):
        raise Undoable("segment-changed", "Its rule was changed while it was being listed; ask again.")
    return segment


async def _list(job: Job, conn: Connection, segment: SegmentView) -> Listed:
    models = await listing.hold_models(conn, segment.party_kind)
    order = Listing(segment.segment_id, segment.revision + 1, segment.rule, segment.party_kind, models)
    spans = await listing.ranges(conn, segment.party_kind)
    listed = Listed()
    for n, span in enumerate(spans):
        job.say(0.8 * n / len(spans), "listing")
        listed = await listing.list_range(conn, order, span, listed)
    job.say(0.8, "listed")
    return listed


def _after(segment: SegmentView, listed: Listed | None, *, publish: bool) -> SegmentView:
    now = utc_now()
    update: dict[str, Any] = {"version": segment.version + 1}
    if listed is not None:
        update |= {"size": listed.size, "revision": segment.revision + 1, "counted_at": now}
    if publish:
        update["published_at"] = now
    else:
        update |= {"mode": "frozen", "changed_at": now}
    return segment.model_copy(update=update)


async def _tell(job: Job, conn: Connection, segment: SegmentView) -> None:
    parts = await listing.count_parts(conn, segment.segment_id, segment.revision)
    for begin in range(0, max(parts, 1), AT_ONCE):
        job.say(0.8 + 0.2 * begin / max(parts, 1), "telling")
        found = await listing.read_parts(conn, (segment.segment_id, segment.revision), begin, AT_ONCE)
        told = [
            SegmentPublished(
                segment_id=segment.segment_id,
                revision=segment.revision,
                party_kind=segment.party_kind,
                size=segment.size or 0,
                part=n,
                parts=max(parts, 1),
                party_ids=ids,
                published_at=segment.published_at or utc_now(),
            )
            for n, ids in enumerate(found or [[]], begin + 1)
        ]
        await outbox.append(conn, told)

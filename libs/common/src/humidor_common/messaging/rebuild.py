"""Makes a projection anew from its topics alone, and shows whether it equals what it was."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from humidor_common.db.pool import Connection, prepare_connection
from humidor_common.messaging import deadletters, inbox
from humidor_common.messaging.kafka import make_admin, make_consumer
from humidor_common.messaging.subscription import Apply, Poison, Received, Subscription, decode
from humidor_common.messaging.topics import partitions_of
from humidor_common.settings import ServiceSettings

Digest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """What a subscription keeps, how to drop it, and a digest that tells two states apart.

    `clear` leaves the tables as they were before the first event; `digest` is a small document (counts,
    sums, hashes) computed by set-based SQL. A projection that keeps more than its topics tell may `apply`
    them in its own way when they are read again, and `finish` afterwards, giving how much it had to correct.
    One that works some of it out later, beside its consumer, can `settle` that before a digest is taken.
    """

    name: str
    subscription: Subscription
    clear: Callable[[Connection], Awaitable[None]]
    digest: Callable[[Connection], Awaitable[Digest]]
    apply: Apply | None = None
    finish: Callable[[Connection], Awaitable[int]] | None = None
    settle: Callable[[Connection], Awaitable[None]] | None = None


class Rebuilt(msgspec.Struct, kw_only=True):
    """The outcome of one rebuild; `equal` is the proof.

    `skipped` are events that were unreadable or are dead letters, `corrected` what no event accounted for.
    """

    projection: str
    events_read: int
    events_applied: int
    skipped: int
    corrected: int
    before: Digest
    after: Digest
    equal: bool


async def rebuild(settings: ServiceSettings, projection: Projection) -> Rebuilt:
    """Drop the projection and read its topics again, all in one transaction; consumers wait meanwhile.

    A crash leaves the old projection as it was. What cannot be read and what stands among the dead letters,
    open or dropped, is skipped and counted.
    """
    conn = await asyncpg.connect(settings.pg_dsn)
    try:
        await prepare_connection(conn)
        async with conn.transaction():
            await _allow_long(conn)
            return await _rebuild(conn, settings, projection)
    finally:
        await conn.close()


async def _rebuild(conn: Connection, settings: ServiceSettings, projection: Projection) -> Rebuilt:
    subscription = projection.subscription
    await inbox.own_projection(conn, subscription.group)
    before = await _settled_digest(conn, projection)
    await projection.clear(conn)
    await conn.execute("DELETE FROM inbox WHERE consumer = $1", subscription.group)
    run = _Run(conn, projection)
    await run.begin()
    async for batch, unreadable in _reread(settings, subscription):
        await run.take(batch, unreadable)
    corrected = await run.end()
    after = await _settled_digest(conn, projection)
    return Rebuilt(
        projection=projection.name,
        events_read=run.read,
        events_applied=run.applied,
        skipped=run.skipped,
        corrected=corrected,
        before=before,
        after=after,
        equal=before == after and not corrected,
    )


async def _settled_digest(conn: Connection, projection: Projection) -> Digest:
    if projection.settle:
        await projection.settle(conn)
    return await projection.digest(conn)


class _Run:
    """The events of one rebuild: each once, dead letters when they were retried, not when they were told."""

    def __init__(self, conn: Connection, projection: Projection) -> None:
        self._conn = conn
        self._projection = projection
        self._group = projection.subscription.group
        self._apply = projection.apply or projection.subscription.apply
        self._dead: set[UUID] = set()
        self._retried: list[UUID] = []
        self._later: set[UUID] = set()
        self._late: dict[UUID, Received] = {}
        self.read = self.applied = self.skipped = 0

    async def begin(self) -> None:
        self._dead = await deadletters.unapplied_ids(self._conn, self._group)
        self._retried = await deadletters.retried_ids(self._conn, self._group)
        self._later = set(self._retried)

    async def take(self, batch: Sequence[Received], unreadable: int) -> None:
        admitted = await inbox.admit(self._conn, self._group, batch)
        alive = [received for received in admitted if received.event_id not in self._dead]
        self._late |= {each.event_id: each for each in alive if each.event_id in self._later}
        self.read += len(batch)
        self.skipped += unreadable + len(admitted) - len(alive)
        await self._do([received for received in alive if received.event_id not in self._later])

    async def end(self) -> int:
        await self._do([self._late[each] for each in self._retried if each in self._late])
        return await self._projection.finish(self._conn) if self._projection.finish else 0

    async def _do(self, events: Sequence[Received]) -> None:
        if events:
            await self._apply(self._conn, events)
        self.applied += len(events)


async def _allow_long(conn: Connection) -> None:
    await conn.execute(
        "SELECT set_config(name, '0', true) FROM pg_settings "
        "WHERE name IN ('transaction_timeout', 'statement_timeout', 'lock_timeout')"
    )


async def _reread(
    settings: ServiceSettings, subscription: Subscription
) -> AsyncIterator[tuple[Sequence[Received], int]]:
    admin = make_admin(settings)
    consumer = make_consumer(settings, None)
    await admin.start()
    await consumer.start()
    try:
        partitions = await partitions_of(admin, settings, subscription.topics)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            fetched = await consumer.getmany(timeout_ms=1000, max_records=subscription.max_batch)
            yield _decode_all([record for records in fetched.values() for record in records])
    finally:
        await consumer.stop()
        await admin.close()


def _decode_all(records: Sequence[Any]) -> tuple[list[Received], int]:
    events: list[Received] = []
    unreadable = 0
    for record in records:
        try:
            headers = {name: value.decode(errors="replace") for name, value in record.headers}
            events.append(decode(headers, record.value))
        except Poison:
            unreadable += 1
    return events, unreadable

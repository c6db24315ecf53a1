"""Makes a projection anew from its topics alone, and shows whether it equals what it was."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.messaging import inbox
from humidor_common.messaging.kafka import make_consumer
from humidor_common.messaging.subscription import Poison, Received, Subscription, decode
from humidor_common.settings import ServiceSettings

Digest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """What a subscription keeps, how to drop it, and a digest that tells two states apart.

    `clear` leaves the tables as they were before the first event; `digest` is a small document (counts,
    sums, hashes) computed by set-based SQL.
    """

    name: str
    subscription: Subscription
    clear: Callable[[Connection], Awaitable[None]]
    digest: Callable[[Connection], Awaitable[Digest]]


class Rebuilt(msgspec.Struct, kw_only=True):
    """The outcome of one rebuild; `equal` is the proof."""

    projection: str
    events_read: int
    events_applied: int
    skipped: int
    before: Digest
    after: Digest
    equal: bool


async def rebuild(settings: ServiceSettings, pool: Pool, projection: Projection) -> Rebuilt:
    """Drop the projection and read its topics again, all in one transaction; consumers wait meanwhile.

    A crash leaves the old projection as it was. Records that cannot be read are skipped and counted: they
    are among the dead letters already.
    """
    subscription = projection.subscription
    read = applied = skipped = 0
    async with transaction(pool) as conn:
        await _allow_long(conn)
        await inbox.own_projection(conn, subscription.group)
        before = await projection.digest(conn)
        await projection.clear(conn)
        await conn.execute("DELETE FROM inbox WHERE consumer = $1", subscription.group)
        async for batch, unreadable in _reread(settings, subscription):
            new = await inbox.admit(conn, subscription.group, batch)
            await subscription.apply(conn, new)
            read, applied, skipped = read + len(batch), applied + len(new), skipped + unreadable
        after = await projection.digest(conn)
    return Rebuilt(
        projection=projection.name,
        events_read=read,
        events_applied=applied,
        skipped=skipped,
        before=before,
        after=after,
        equal=before == after,
    )


async def _allow_long(conn: Connection) -> None:
    await conn.execute(
        "SELECT set_config(name, '0', true) FROM pg_settings "
        "WHERE name IN ('transaction_timeout', 'statement_timeout', 'lock_timeout')"
    )


async def _reread(
    settings: ServiceSettings, subscription: Subscription
) -> AsyncIterator[tuple[Sequence[Received], int]]:
    consumer = make_consumer(settings, None)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, settings, subscription)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            fetched = await consumer.getmany(timeout_ms=1000, max_records=subscription.max_batch)
            yield _decode_all([record for records in fetched.values() for record in records])
    finally:
        await consumer.stop()


async def _partitions(
    consumer: AIOKafkaConsumer, settings: ServiceSettings, subscription: Subscription
) -> list[TopicPartition]:
    names = [settings.topic_prefix + topic for topic in subscription.topics]
    await consumer._client.force_metadata_update()  # noqa: SLF001 - a consumer without topics knows none
    found = {name: consumer.partitions_for_topic(name) or await _wait(consumer, name) for name in names}
    return [TopicPartition(name, number) for name, numbers in found.items() for number in sorted(numbers)]


async def _wait(consumer: AIOKafkaConsumer, name: str) -> set[int]:
    consumer.subscribe([name])
    await consumer._client.force_metadata_update()  # noqa: SLF001
    numbers: set[int] = consumer.partitions_for_topic(name) or set()
    consumer.unsubscribe()
    return numbers


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

"""Real SaleRecorded events, put on the topic as the relay does; and what is on a topic."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from aiokafka import TopicPartition

from benchmarks import shop
from benchmarks.system import System
from humidor_common.events.pos import SaleRecorded
from humidor_common.ids import uuid7
from humidor_common.messaging.kafka import make_admin, make_consumer, make_producer
from humidor_common.messaging.outbox import outbox_row
from humidor_common.messaging.relay import cloud_event_headers
from humidor_common.messaging.topics import ensure_topics, partitions_of
from humidor_common.settings import ServiceSettings


class Seen(NamedTuple):
    """What stands on a topic: how many records, and the moments at which the producer made first and last."""

    records: int
    first_ms: int
    last_ms: int


def settings(system: System, prefix: str, dsn: str = "") -> ServiceSettings:
    return ServiceSettings(
        pg_dsn=dsn, kafka_bootstrap_servers=system.kafka.bootstrap_servers, topic_prefix=prefix, jwks=""
    )


def publish(system: System, prefix: str, count: int) -> int:
    """Put `count` sales of three lines on the topic; gives the sticks that they take."""
    return asyncio.run(_publish(settings(system, prefix), count))


def look(system: System, prefix: str) -> Seen:
    """Read the sales topic from its beginning."""
    return asyncio.run(_look(settings(system, prefix)))


async def _publish(options: ServiceSettings, count: int) -> int:
    await ensure_topics(options, [SaleRecorded.TOPIC])
    sticks = 0
    producer = make_producer(options)
    await producer.start()
    try:
        for document in itertools.islice(_sales(), count):
            row = outbox_row(_event(document))._asdict() | {"headers": None}
            headers: Any = cloud_event_headers(row)  # type: ignore[arg-type]  # has the columns of a record
            topic = options.topic_prefix + row["topic"]
            await producer.send(topic, value=row["payload"], key=row["key"].encode(), headers=headers)
            sticks += shop.sticks(document)
    finally:
        await producer.stop()
    return sticks


def _sales() -> Iterator[dict[str, Any]]:
    stores = shop.stores()
    documents = [
        shop.sale(number, store=stores[number % len(stores)], sold_at=datetime.now(UTC))
        for number in range(4 * len(stores))
    ]
    for document in itertools.cycle(documents):
        yield document | {"sale_id": str(uuid7())}


def _event(document: dict[str, Any]) -> SaleRecorded:
    total = sum(payment["amount"] for payment in document["payments"])
    more = {"terminal_id": uuid7().hex, "recorded_at": document["sold_at"], "total": total}
    return msgspec.convert(document | more, SaleRecorded)


async def _look(options: ServiceSettings) -> Seen:
    consumer = make_consumer(options, None)
    await consumer.start()
    try:
        partitions = await _partitions(options, SaleRecorded.TOPIC)
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        moments: list[int] = []
        while len(moments) < left:
            fetched = await consumer.getmany(timeout_ms=1000)
            moments += (record.timestamp for records in fetched.values() for record in records)
    finally:
        await consumer.stop()
    return Seen(len(moments), min(moments), max(moments))


async def _partitions(options: ServiceSettings, topic: str) -> list[TopicPartition]:
    admin = make_admin(options)
    await admin.start()
    try:
        return await partitions_of(admin, options, [topic])
    finally:
        await admin.close()

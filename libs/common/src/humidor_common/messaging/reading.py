"""A member of a consumer group that cannot stop unnoticed.

The broker's client can stop for good without an error: one of its tasks ends, or waits for what never comes,
when a broker dies while requests are under way. So every call is bounded in time, and a member that is told
nothing looks now and then whether there is something to be told.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from humidor_common.messaging.kafka import make_consumer, stop
from humidor_common.messaging.offsets import COMMIT_EVERY_SECONDS, Offsets
from humidor_common.messaging.subscription import Subscription
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import get_logger

START_SECONDS = 60.0
REBALANCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 10.0
LAST_COMMIT_SECONDS = 2.0
FETCH_ON_MS = 5
# Relays send at a pace; after a batch that took no longer, hardly anything waits besides what is there.
FETCH_ON_AFTER_SECONDS = 0.015

Fetched = dict[TopicPartition, "list[ConsumerRecord[bytes, bytes]]"]


log = get_logger(__name__)


class StalledError(Exception):
    """Records wait, and the client does not fetch them."""


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Fetches records of a group and commits what was applied; see `open_reader`.

    `in_flight` is held while a batch is applied: a revoke waits for it, so that its offsets are committed
    before another member takes over. What was fetched but not yet applied at a revoke is applied all the
    same: dropping it loses events, and the inbox drops what the new owner has applied too.
    """

    def __init__(self, consumer: AIOKafkaConsumer, group: str) -> None:
        self.offsets = Offsets(consumer)
        self.in_flight = asyncio.Lock()
        self._consumer = consumer
        self._group = group
        self._heard_at = self._gave_at = time.monotonic()
        self._waiting: dict[TopicPartition, int] = {}

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        async with self.in_flight:
            await self.offsets.commit()
            log.info("partitions revoked", extra={"group": self._group, "count": len(revoked)})

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        log.info("partitions assigned", extra={"group": self._group, "count": len(assigned)})

    async def fetch(self, max_records: int) -> Fetched:
        """Wait for records, a second at most.

        Raises:
            StalledError: There are some, and none has come for two looks.
            TimeoutError: The client does not come back, or the broker does not answer.
        """
        patience = COMMIT_EVERY_SECONDS if self.offsets.pending else 1.0
        async with asyncio.timeout(patience + REBALANCE_SECONDS):
            fetched: Fetched = await self._consumer.getmany(timeout_ms=0, max_records=max_records)
            if fetched:
                if time.monotonic() - self._gave_at > FETCH_ON_AFTER_SECONDS:
                    await self._fetch_on(fetched, max_records)
            else:
                fetched = await self._consumer.getmany(
                    timeout_ms=round(patience * 1000), max_records=max_records
                )
        if fetched:
            self._heard_at, self._waiting = time.monotonic(), {}
        elif time.monotonic() - self._heard_at > LOOK_EVERY_SECONDS:
            await self._look()
            self._heard_at = time.monotonic()
        self._gave_at = time.monotonic()
        return fetched

    async def _fetch_on(self, fetched: Fetched, max_records: int) -> None:
        """Add what came after the records that were fetched ahead while the last batch was applied.

        The client asks the broker for more only once all that it holds is taken: without this, what came
        since would wait for two batches.
        """
        room = max_records - sum(map(len, fetched.values()))
        if room > 0:
            newer: Fetched = await self._consumer.getmany(timeout_ms=FETCH_ON_MS, max_records=room)
            for partition, records in newer.items():
                fetched[partition] = [*fetched.get(partition, ()), *records]

    async def _look(self) -> None:
        async with asyncio.timeout(LOOK_EVERY_SECONDS):
            waiting = await self._where_records_wait()
        if stalled := waiting.items() & self._waiting.items():
            raise StalledError(f"records wait and are not fetched: {sorted(stalled)}")
        self._waiting = waiting

    async def _where_records_wait(self) -> dict[TopicPartition, int]:
        assigned = self._consumer.assignment()
        ends = await self._consumer.end_offsets(assigned)
        waiting = {}
        for partition in assigned:
            try:
                position = await self._consumer.position(partition)
            except IllegalStateError:
                continue  # taken away in the meantime
            if position < ends[partition]:
                waiting[partition] = position
        return waiting


@asynccontextmanager
async def open_reader(settings: ServiceSettings, subscription: Subscription) -> AsyncIterator[Reader]:
    """Join the group, and leave it with what was applied committed."""
    prefix = settings.topic_prefix
    consumer = make_consumer(settings, prefix + subscription.group)
    reader = Reader(consumer, subscription.group)
    consumer.subscribe([prefix + topic for topic in subscription.topics], listener=reader)
    try:
        async with asyncio.timeout(START_SECONDS):
            await consumer.start()
        yield reader
    finally:
        try:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(LAST_COMMIT_SECONDS):
                    await reader.offsets.commit()
        finally:
            await stop(consumer)

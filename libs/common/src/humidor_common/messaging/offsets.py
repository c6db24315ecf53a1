"""Offsets of what a consumer has applied, committed a few times a second instead of after every batch.

A commit costs the broker a write and the consumer a round trip, which at small batches is a quarter of the
time of a batch. Nothing depends on it: after a crash the events of the last moment come again, and the inbox
drops them.
"""

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from humidor_common.telemetry.logs import get_logger

COMMIT_EVERY_SECONDS = 0.1
COMMIT_SECONDS = 15.0

log = get_logger(__name__)


class Offsets:
    """Gathers offsets and commits those of partitions that the consumer still has."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._applied: dict[TopicPartition, int] = {}
        self._due_at = 0.0

    @property
    def pending(self) -> bool:
        return bool(self._applied)

    def note(self, applied: Mapping[TopicPartition, int]) -> None:
        """Take down the next offset to read of each partition."""
        self._applied.update(applied)

    async def commit_if_due(self) -> None:
        if self._applied and time.monotonic() >= self._due_at:
            await self.commit()

    async def commit(self) -> None:
        """Commit now.

        A refusal is no fault, because whoever reads the events again drops them. It is tried again all the
        same: where nobody has to read them again, they would count as not consumed for ever.
        """
        self._due_at = time.monotonic() + COMMIT_EVERY_SECONDS
        applied, self._applied = self._applied, {}
        assigned = self._consumer.assignment()
        offsets = {partition: offset for partition, offset in applied.items() if partition in assigned}
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._consumer.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            self._applied = offsets | self._applied
            log.info("offsets not committed", extra={"error": repr(error)})

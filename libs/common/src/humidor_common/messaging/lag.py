"""How far the consumers of a service are behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import OffsetAndMetadata

from humidor_common.messaging.kafka import make_admin, make_consumer, stop
from humidor_common.messaging.subscription import Subscription
from humidor_common.messaging.topics import partitions_of
from humidor_common.settings import ServiceSettings


class LagMeter:
    """Holds the clients with which lag is read; see `open_lag_meter`."""

    def __init__(
        self, settings: ServiceSettings, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer
    ) -> None:
        self._settings = settings
        self._admin = admin
        self._reader = reader

    async def read(self, subscriptions: Sequence[Subscription]) -> dict[str, int]:
        """Count the records that each group has not committed yet."""
        return {each.group: await self._read_one(each) for each in subscriptions}

    async def _read_one(self, subscription: Subscription) -> int:
        partitions = await partitions_of(self._admin, self._settings, subscription.topics)
        if self._reader.assignment() != set(partitions):
            # An assigned reader knows the partitions' leaders; a paused one fetches no records.
            self._reader.assign(partitions)
            self._reader.pause(*partitions)
        ends = await self._reader.end_offsets(partitions)
        committed = await self._committed(self._settings.topic_prefix + subscription.group, partitions)
        return sum(max(0, ends[tp] - max(0, committed.get(tp, 0))) for tp in partitions)

    async def _committed(self, group: str, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            offsets: dict[TopicPartition, OffsetAndMetadata] = await self._admin.list_consumer_group_offsets(
                group, partitions=partitions
            )
        except GroupCoordinatorNotAvailableError:
            return {}  # a new broker on which no group has committed yet
        return {partition: stored.offset for partition, stored in offsets.items()}


@asynccontextmanager
async def open_lag_meter(settings: ServiceSettings) -> AsyncIterator[LagMeter]:
    """Connect what reads lag."""
    admin = make_admin(settings)
    reader = make_consumer(settings, None)
    await admin.start()
    try:
        await reader.start()
        try:
            yield LagMeter(settings, admin, reader)
        finally:
            await stop(reader)
    finally:
        await admin.close()

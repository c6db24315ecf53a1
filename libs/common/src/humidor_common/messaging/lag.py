"""How far the consumers of a service are behind."""

from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import OffsetAndMetadata

from humidor_common.messaging.kafka import make_admin, make_consumer
from humidor_common.messaging.subscription import Subscription
from humidor_common.messaging.topics import partitions_of
from humidor_common.settings import ServiceSettings


async def consumer_lag(settings: ServiceSettings, subscriptions: Sequence[Subscription]) -> dict[str, int]:
    """Count the records that each group has not committed yet."""
    if not subscriptions:
        return {}
    admin = make_admin(settings)
    reader = make_consumer(settings, None)
    await admin.start()
    await reader.start()
    try:
        lag = {}
        for subscription in subscriptions:
            partitions = await partitions_of(admin, settings, subscription.topics)
            ends = await reader.end_offsets(partitions)
            group = settings.topic_prefix + subscription.group
            committed = await _committed(admin, group, partitions)
            lag[subscription.group] = sum(
                max(0, ends[tp] - max(0, committed[tp].offset if tp in committed else 0)) for tp in partitions
            )
        return lag
    finally:
        await reader.stop()
        await admin.close()


async def _committed(
    admin: AIOKafkaAdminClient, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    try:
        offsets: dict[TopicPartition, OffsetAndMetadata] = await admin.list_consumer_group_offsets(
            group, partitions=partitions
        )
    except GroupCoordinatorNotAvailableError:
        return {}  # a new broker on which no group has committed yet
    return offsets

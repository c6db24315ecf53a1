"""How far the consumers of a service are behind."""

from collections.abc import Sequence

from aiokafka import TopicPartition

from humidor_common.messaging.kafka import make_admin, make_consumer
from humidor_common.messaging.subscription import Subscription
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
            topics = [settings.topic_prefix + topic for topic in subscription.topics]
            described = await admin.describe_topics(topics)
            partitions = [
                TopicPartition(topic["topic"], partition["partition"])
                for topic in described
                for partition in topic["partitions"]
            ]
            ends = await reader.end_offsets(partitions)
            group = settings.topic_prefix + subscription.group
            committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
            lag[subscription.group] = sum(
                max(0, ends[tp] - max(0, committed[tp].offset if tp in committed else 0)) for tp in partitions
            )
        return lag
    finally:
        await reader.stop()
        await admin.close()

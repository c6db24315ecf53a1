"""Topics: their names on the wire and their making."""

from collections.abc import Iterable

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from humidor_common.events import EVENTS
from humidor_common.messaging.kafka import LARGEST_MESSAGE_BYTES, make_admin
from humidor_common.settings import ServiceSettings

LARGEST = {"max.message.bytes": str(LARGEST_MESSAGE_BYTES + 64 * 1024)}
FOR_EVER = {"retention.ms": "-1"} | LARGEST
COMPACTED = {"cleanup.policy": "compact"} | LARGEST


def event_topics() -> set[str]:
    """Name every topic that an event declares."""
    return {event.TOPIC for event in EVENTS.values()}


def dead_letter_topic(topic: str, group: str) -> str:
    return f"{topic}.{group}.dlq"


async def partitions_of(
    admin: AIOKafkaAdminClient, settings: ServiceSettings, topics: Iterable[str]
) -> list[TopicPartition]:
    """List the partitions of `topics` (named without prefix)."""
    described = await admin.describe_topics([settings.topic_prefix + topic for topic in topics])
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


async def ensure_topics(settings: ServiceSettings, topics: Iterable[str]) -> list[str]:
    """Create those of `topics` that are missing, and name them.

    Facts are kept for ever and master data is compacted, so that a projection can be made anew from its
    topic alone.
    """
    admin = make_admin(settings)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = sorted({settings.topic_prefix + topic for topic in topics} - existing)
        if missing:
            response = await admin.create_topics([_new_topic(settings, name) for name in missing])
            for name, code, *message in response.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"{name}: {message}")
        return missing
    finally:
        await admin.close()


def _new_topic(settings: ServiceSettings, name: str) -> NewTopic:
    compacted = {event.TOPIC for event in EVENTS.values() if event.COMPACTED}
    return NewTopic(
        name=name,
        num_partitions=settings.kafka_partitions,
        replication_factor=settings.kafka_replication,
        topic_configs=COMPACTED if name.removeprefix(settings.topic_prefix) in compacted else FOR_EVER,
    )

"""Through a real broker: stores come from events, customers are told, and a rebuild gives the same."""

from collections.abc import Callable

import msgspec
from aiokafka import AIOKafkaConsumer

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import RetailerChanged
from humidor_common.messaging import outbox
from humidor_common.messaging.rebuild import rebuild
from humidor_common.settings import ServiceSettings
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import drained, running
from humidor_customers.app import SERVICE
from humidor_customers.stores.consumers import PROJECTION
from humidor_customers.testing.desk import Desk, store


async def read(settings: ServiceSettings, topic: str, count: int) -> list[RetailerChanged]:
    consumer = AIOKafkaConsumer(
        settings.topic_prefix + topic,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        messages = [await anext(consumer) for _ in range(count)]
    finally:
        await consumer.stop()
    return [msgspec.json.decode(each.value, type=RetailerChanged) for each in messages]


async def test_a_store_that_is_told_can_be_owned_and_its_owner_is_told(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> None:
    settings = settings_for(SERVICE)
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        desk = Desk(api.runtime, api.client, auth)
        await desk.put("C1", store_ids=["S0001"], expect=422)
        async with transaction(worker.runtime.pool) as conn:
            await outbox.append(conn, [store("S0001", version=2), store("S0001"), store("S0002")])
        worker.runtime.wake_relay()
        await drained(api, worker)
        await desk.put("C1", store_ids=["S0001"])
        await desk.put("C1", store_ids=["S0001", "S0002"])
        await drained(api, worker)
        told = await read(settings, RetailerChanged.TOPIC, 2)
        assert [each.store_ids for each in told] == [["S0001"], ["S0001", "S0002"]]
        version = await worker.runtime.pool.fetchval("SELECT version FROM stores WHERE store_id = 'S0001'")
        assert version == 2
        assert (await rebuild(settings, PROJECTION)).equal
        assert (await desk.get("C1"))["store_ids"] == ["S0001", "S0002"]

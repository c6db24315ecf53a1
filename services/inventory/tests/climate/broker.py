"""An MQTT broker for tests - a real Mosquitto where there is one - and devices that push to it."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec

from humidor_common.db.pool import Pool
from humidor_embedded.mqtt import Mosquitto, MqttBroker
from humidor_inventory.readings.subscriber import Subscriber
from humidor_inventory.sensors.passwords import keep_password_file
from humidor_inventory.settings import InventorySettings

RECIPE = Path(__file__).parents[4] / "deploy" / "mosquitto"
IS_REAL = Mosquitto.program() is not None and os.environ.get("HUMIDOR_TEST_MQTT") != "python"
USER = "humidor"
PASSWORD = "reads-all"
WITHIN_SECONDS = 60


@contextmanager
def mqtt_broker() -> Iterator[MqttBroker]:
    """Start one; it answers once somebody keeps its password file."""
    with tempfile.TemporaryDirectory(prefix="humidor-mqtt-") as directory:
        path = Path(directory) / "broker"
        broker = Mosquitto(path, recipe=RECIPE) if IS_REAL else MqttBroker(path, reader=USER)
        broker.prepare()
        broker.launch()
        try:
            yield broker
        finally:
            broker.stop()


def settings_of(broker: MqttBroker) -> dict[str, Any]:
    return {
        "inventory_mqtt_url": f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{broker.port}",
        "inventory_mqtt_password_file": str(broker.password_file),
    }


async def until(done: Callable[[], Awaitable[Any]], what: str) -> None:
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not await done():  # noqa: ASYNC110 - what is waited for lies outside of this process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not in time: {what}") from None


@asynccontextmanager
async def device(broker: MqttBroker, name: str, key: str, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    """Connect as a device, as soon as the broker lets it in."""
    client = aiomqtt.Client("127.0.0.1", broker.port, username=name, password=key, **options)
    client.pending_calls_threshold = 1000
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            try:
                await client.__aenter__()
                break
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)
    try:
        yield client
    finally:
        with suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)


class Stream:
    """A device that sends each reading until it is acknowledged, whatever the broker does."""

    def __init__(self, broker: MqttBroker, name: str, key: str, topic: str) -> None:
        self._broker = broker
        self._name = name
        self._key = key
        self._topic = topic
        self.acknowledged: list[int] = []

    async def send(self, readings: list[dict[str, Any]], at_once: int = 10) -> None:
        """Send; `acknowledged` grows by the place of each reading."""
        left = list(range(len(readings)))
        while left:
            with suppress(aiomqtt.MqttError, TimeoutError):
                async with device(self._broker, self._name, self._key, timeout=2) as client:
                    while left:
                        some = left[:at_once]
                        sends = (self._publish(client, readings[place]) for place in some)
                        await asyncio.gather(*sends)
                        self.acknowledged += some
                        left = left[len(some) :]

    async def _publish(self, client: aiomqtt.Client, reading: dict[str, Any]) -> None:
        await client.publish(self._topic, msgspec.json.encode(reading), qos=1)


@asynccontextmanager
async def taking(pool: Pool, settings: InventorySettings) -> AsyncIterator[Subscriber]:
    """What a worker does for MQTT, once the broker knows that it does: before, nothing is kept for it."""
    subscriber = Subscriber(pool, settings, lambda: None)
    tasks = [
        asyncio.create_task(keep_password_file(pool, settings)),
        asyncio.create_task(subscriber.run()),
    ]
    try:
        await asyncio.wait_for(subscriber.connected.wait(), WITHIN_SECONDS)
        yield subscriber
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

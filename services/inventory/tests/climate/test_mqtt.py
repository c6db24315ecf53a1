"""Readings by MQTT, on a real Mosquitto where there is one: nothing lost, nothing counted twice."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiomqtt
import asyncpg
import pytest
from msgspec.json import encode

from humidor_embedded.mqtt import MqttBroker
from humidor_inventory.readings.messages import READINGS_FILTER
from humidor_inventory.readings.subscriber import Subscriber
from humidor_inventory.settings import InventorySettings
from humidor_inventory.testing.shop import STORE

from .broker import IS_REAL, Stream, device, mqtt_broker, settings_of, taking, until
from .conftest import Watched

HOSTILE = (
    b'{"ts": "2026',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"ts": "2026-11-26T00:00:00Z", "temp_c": NaN}',
    b'{"ts": "2026-11-26T00:00:00Z", "temp_c": "warm"}',
    b'{"ts": "2026-11-26T00:00:00", "temp_c": 20}',
    b'{"ts": "1970-01-01T00:00:00Z", "temp_c": 20}',
    b'{"ts": "2999-01-01T00:00:00Z", "temp_c": 20}',
    b"[1, null, {}]",
    b'"x' + b"x" * 900_000 + b'"',
)
TOPIC = f"site/{STORE}/climate/t1"
real = pytest.mark.skipif(
    not IS_REAL, reason="the broker of Python packages promises none of this; install mosquitto"
)


@pytest.fixture
def broker() -> Iterator[MqttBroker]:
    with mqtt_broker() as started:
        yield started


def settings(watched: Watched, broker: MqttBroker) -> InventorySettings:
    known = watched.shop.runtime.settings.model_dump()
    return InventorySettings.model_validate(known | settings_of(broker))


async def stored(watched: Watched) -> int:
    count: int = await watched.shop.runtime.pool.fetchval("SELECT count(*) FROM climate_readings")
    return count


async def refusals(watched: Watched) -> dict[str, int]:
    found = await watched.shop.ask("GET", "/v1/climate/refusals")
    return {each["code"]: each["refused"] for each in found["items"] if each["channel"] == "mqtt"}


async def agree(watched: Watched, count: int) -> None:
    """Every reading is there once, and the rollups say so too."""
    pool = watched.shop.runtime.pool
    assert await stored(watched) == count
    for span in (300, 3600):
        rolled = await pool.fetchval(
            "SELECT sum(readings) FROM climate_rollups WHERE span_seconds = $1", span
        )
        assert rolled == count


def seconds(watched: Watched, count: int) -> list[dict[str, Any]]:
    return [watched.reading(second / 60, 20 + second % 7, seq=second) for second in range(count)]


async def test_readings_statuses_and_whatever_else_comes(watched: Watched, broker: MqttBroker) -> None:
    await watched.put_zone("cellar")
    async with taking(watched.shop.runtime.pool, settings(watched, broker)):
        other = await watched.add("t2", zone="cellar")
        async with device(broker, "t1", watched.keys["t1"]) as client:
            for payload in HOSTILE:
                await client.publish(TOPIC, payload, qos=1)
            await client.publish(f"{TOPIC}/status", "online", qos=1, retain=True)
            await client.publish(TOPIC, b"", qos=1)
            body = [watched.reading(minute, 20, rh_pct=60, lux=5) for minute in range(5)]
            await client.publish(TOPIC, encode(body), qos=1)
        async with device(broker, "t2", other) as client:
            # Neither in another's name nor in another store's.
            await client.publish(TOPIC, encode(watched.reading(9, 99)), qos=1)
            await client.publish("site/S0002/climate/t2", encode(watched.reading(9, 20)), qos=1)
        await until(lambda: _equal(stored(watched), 5), "five readings")
        await until(lambda: _has(refusals(watched), "wrong_store"), "what came last")
        assert await refusals(watched) == {
            "unreadable": 5,
            "malformed": 6,
            "too_old": 1,
            "clock_ahead": 1,
            "wrong_store": 1,
        }
        shown = await watched.shop.ask("GET", "/v1/climate/devices/t1")
        assert (shown["temperature_c"], shown["light_lux"], shown["online"]) == (20, 5, True)


async def _equal(asked: Any, wanted: Any) -> bool:
    return bool(await asked == wanted)


async def _has(asked: Any, wanted: Any) -> bool:
    return wanted in await asked


@real
async def test_a_revoked_device_is_shut_out_and_its_connection_ended(
    watched: Watched, broker: MqttBroker
) -> None:
    async with taking(watched.shop.runtime.pool, settings(watched, broker)):
        async with device(broker, "t1", watched.keys["t1"]) as client:
            await client.publish(TOPIC, encode(watched.reading(1, 20)), qos=1)
            await until(lambda: _equal(stored(watched), 1), "the reading")
            await watched.shop.ask("POST", "/v1/climate/devices/t1:revoke")
            with pytest.raises(aiomqtt.MqttError):
                await asyncio.wait_for(anext(client.messages), 20)
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(
                "127.0.0.1", broker.port, username="t1", password=watched.keys["t1"], timeout=5
            ):
                pass
    assert await stored(watched) == 1


@real
async def test_a_broker_that_is_stopped_and_started_under_load_loses_nothing(
    watched: Watched, broker: MqttBroker
) -> None:
    readings = seconds(watched, 600)
    stream = Stream(broker, "t1", watched.keys["t1"], TOPIC)
    options = settings(watched, broker)
    async with taking(watched.shop.runtime.pool, options):
        await stream.send(readings[:200])
    # Nobody takes now, so the broker has to keep it, over its own stop too.
    await stream.send(readings[200:400])
    await asyncio.to_thread(broker.stop)
    broker.launch()
    async with taking(watched.shop.runtime.pool, options):
        sending = asyncio.create_task(stream.send(readings[400:]))
        await until(lambda: _more(stored(watched), 450), "some of the rest")
        await asyncio.to_thread(broker.stop)
        broker.launch()
        await sending
        await until(lambda: _equal(stored(watched), 600), "all of them")
    await agree(watched, 600)


@real
async def test_a_broker_that_is_killed_under_load_counts_nothing_twice(
    watched: Watched, broker: MqttBroker
) -> None:
    readings = seconds(watched, 600)
    stream = Stream(broker, "t1", watched.keys["t1"], TOPIC)
    async with taking(watched.shop.runtime.pool, settings(watched, broker)):
        # A broker that has not saved its sessions yet would keep nothing for who takes.
        await until(lambda: asyncio.to_thread(_saved, broker), "the broker to save what it keeps")
        sending = asyncio.create_task(stream.send(readings))
        await until(lambda: _more(stored(watched), 200), "some of them")
        await asyncio.to_thread(broker.kill)
        broker.launch()
        await sending
        # Of what it had acknowledged and not yet passed on the broker may lose its last second.
        await until(lambda: _more(stored(watched), 500), "all but what the broker may lose")
        # What a device keeps and sends again fills the hole, and the rest of it changes nothing.
        await stream.send(readings)
        await until(lambda: _equal(stored(watched), 600), "all of them")
    await agree(watched, 600)


def _saved(broker: MqttBroker) -> bool:
    path = broker.directory / "data" / "mosquitto.db"
    return path.exists() and READINGS_FILTER.encode() in path.read_bytes()


@contextmanager
def worker(watched: Watched, broker: MqttBroker) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as it runs in production, in a process of its own."""
    values = {k: v for k, v in settings(watched, broker).model_dump().items() if v is not None}
    environment = {f"HUMIDOR_{name.upper()}": str(value) for name, value in values.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "humidor_inventory", "worker"],
        env=os.environ | environment | {"HUMIDOR_LOG_LEVEL": "ERROR"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@real
async def test_a_worker_killed_between_taking_and_committing_loses_nothing(
    watched: Watched, broker: MqttBroker
) -> None:
    readings = seconds(watched, 900)
    stream = Stream(broker, "t1", watched.keys["t1"], TOPIC)
    pool = watched.shop.runtime.pool
    async with taking(pool, settings(watched, broker)):
        pass  # from now on the broker keeps what comes for whichever worker leads
    with worker(watched, broker) as first:
        await until(lambda: _more(leaders(watched), 1), "a worker that leads")
        await stream.send(readings[:100])
        await until(lambda: _more(stored(watched), 1), "the first of them")
        async with pool.acquire() as conn, conn.transaction():
            # Nothing can be committed, so what is taken now is not acknowledged.
            await conn.execute("LOCK TABLE climate_readings IN SHARE MODE")
            await stream.send(readings[100:500])
            await until(lambda: _more(waiting(watched), 1), "a worker that waits for its commit")
            first.kill()
            first.wait()
    with worker(watched, broker):
        await stream.send(readings[500:])
        await until(lambda: _equal(stored(watched), 900), "all of them")
    await agree(watched, 900)


@real
async def test_one_worker_takes_and_another_stands_by(watched: Watched, broker: MqttBroker) -> None:
    pool, options = watched.shop.runtime.pool, settings(watched, broker)
    stream = Stream(broker, "t1", watched.keys["t1"], TOPIC)
    standby = Subscriber(pool, options, lambda: None)
    async with taking(pool, options):
        running = asyncio.create_task(standby.run())
        await stream.send(seconds(watched, 50))
        await until(lambda: _equal(stored(watched), 50), "the first of them")
        assert not standby.connected.is_set()
    await asyncio.wait_for(standby.connected.wait(), 20)
    await stream.send(seconds(watched, 100))
    await until(lambda: _equal(stored(watched), 100), "the rest")
    running.cancel()
    await agree(watched, 100)


_LEADER = """
SELECT pid FROM pg_stat_activity WHERE application_name = 'mqtt-leader' AND datname = current_database()
  AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)
"""


async def leaders(watched: Watched) -> int:
    return len(await watched.shop.runtime.pool.fetch(_LEADER))


async def waiting(watched: Watched) -> int:
    found: int = await watched.shop.runtime.pool.fetchval(
        """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock' AND query LIKE '%climate_readings%'"""
    )
    return found


@real
async def test_a_database_that_is_away_is_waited_for(
    watched: Watched, broker: MqttBroker, postgres: str
) -> None:
    readings = seconds(watched, 400)
    stream = Stream(broker, "t1", watched.keys["t1"], TOPIC)
    pool = watched.shop.runtime.pool
    name = await pool.fetchval("SELECT current_database()")
    admin = await asyncpg.connect(postgres)
    try:
        async with taking(pool, settings(watched, broker)):
            await stream.send(readings[:100])
            await until(lambda: _equal(stored(watched), 100), "the first of them")
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            await stream.send(readings[100:])
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await until(lambda: _equal(stored(watched), 400), "all of them")
    finally:
        await admin.close()
    await agree(watched, 400)


async def _more(asked: Any, least: int) -> bool:
    return bool(await asked >= least)

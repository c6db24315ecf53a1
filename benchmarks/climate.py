"""Sensor readings: over HTTP in batches and over MQTT, against the bare insert of the same rows by asyncpg.

The limit stores the columns of a reading by `unnest`, in one transaction a batch, from one connection, on the
same database: no check, no rollup, no excursion. What is accepted is checked, stored, rolled up twice and
left to the judge, who works in a worker of its own meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import asyncpg
import httpx
import msgspec

from benchmarks.climate_site import SENSORS, STEP, Site
from benchmarks.report import Result
from benchmarks.system import Database, Process, System, until
from benchmarks.till import in_turn
from humidor_embedded.mqtt import Mosquitto, MqttBroker

BATCH = 1000
CONNECTIONS = 4
SIZES = (1_000_000, 5_000_000)
SHORT_SIZES = (20_000,)
TARGET_PER_SECOND = 5000.0
RECIPE = Path("deploy/mosquitto")
USER = "humidor"
PASSWORD = "bench"  # noqa: S105 - of a broker that lives for one run

_INSERT = """
INSERT INTO climate_readings (device_no, measured_at, received_at, seq, temperature_centi_c,
                              humidity_centi_pct, light_deci_lux)
SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::smallint[],
                     $6::smallint[], $7::int[])
"""
# As many readings as there would be, one a second of each sensor back from an hour ago, with their rollups.
_FILL = """
SET synchronous_commit = off;
SELECT ensure_climate_partitions(7, 3);
INSERT INTO climate_readings (device_no, measured_at, received_at, seq, temperature_centi_c,
                              humidity_centi_pct)
SELECT d.device_no, timestamptz '{latest}' - make_interval(secs => i), now(), i,
       2000 + i % 300, 6000
FROM generate_series({first}, {last}) i CROSS JOIN climate_devices d WHERE d.kind = 'sensor' ORDER BY 1, 2;
INSERT INTO climate_rollups (device_no, span_seconds, bucket_at, readings, temperature_count, temperature_sum,
    temperature_min, temperature_max, humidity_count, humidity_sum, humidity_min, humidity_max, light_count)
SELECT device_no, span, date_bin(make_interval(secs => span), measured_at, 'epoch'), count(*), count(*),
       sum(temperature_centi_c), 2000, 2300, count(*), sum(humidity_centi_pct), 6000, 6000, 0
FROM climate_readings, (VALUES (300), (3600)) s(span) WHERE seq BETWEEN {first} AND {last} GROUP BY 1, 2, 3
ON CONFLICT DO NOTHING;
"""


def bench_climate(system: System) -> list[Result]:
    """Give the rates by HTTP and MQTT, and how they stand with what is stored already."""
    database = system.database("humidor_inventory", lambda _: None, kind="empty")
    site = Site(system, database)
    results: list[Result] = []
    with _broker(system) as broker, _running(system, database, broker) as api:
        site.register(api)
        seconds = system.effort.seconds(8)
        measures: dict[str, Callable[[], float]] = {
            "limit": lambda: asyncio.run(_insert(database.dsn, site, seconds)),
            "http": lambda: asyncio.run(_push(api, site, seconds)),
        }
        if isinstance(broker, Mosquitto):  # the other one loses messages under load
            measures["mqtt"] = lambda: asyncio.run(_publish(broker, site, seconds, together=1))
            measures["mqtt_20"] = lambda: asyncio.run(_publish(broker, site, seconds, together=20))
        results += _rates(in_turn(system, None, **measures))
        results += _grow(system, site, api)
    return results


@contextmanager
def _broker(system: System) -> Iterator[MqttBroker]:
    directory = system.directory / "mqtt"
    if Mosquitto.program():
        broker: MqttBroker = Mosquitto(directory, recipe=RECIPE)
    else:
        broker = MqttBroker(directory, reader=USER)
    broker.prepare()
    broker.launch()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def _running(system: System, database: Database, broker: MqttBroker) -> Iterator[Process]:
    settings: dict[str, Any] = {
        "INVENTORY_MQTT_URL": f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{broker.port}",
        "INVENTORY_MQTT_PASSWORD_FILE": broker.password_file,
    }
    with (
        system.process(database, "api") as api,
        system.process(database, "worker", **settings) as worker,
    ):
        until(lambda: worker.counter("humidor_inventory_mqtt_connected") == 1, within_seconds=60)
        yield api


async def _insert(dsn: str, site: Site, seconds: float) -> float:
    """The limit: rows that nobody else sends, a transaction a batch."""
    conn = await asyncpg.connect(dsn)
    devices = [
        row[0] for row in await conn.fetch("SELECT device_no FROM climate_devices WHERE kind = 'sensor'")
    ]
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        number = count // BATCH % len(site.hubs)
        start = site.moment(number, BATCH)
        own = devices[number * SENSORS : (number + 1) * SENSORS]
        columns = _columns(own, start)
        await conn.execute(_INSERT, *columns)
        count += BATCH
    rate = count / (time.monotonic() - began)
    await conn.close()
    return rate


def _columns(devices: list[int], start: datetime) -> list[list[Any]]:
    moments = [start + n // len(devices) * STEP for n in range(BATCH)]
    return [
        [devices[n % len(devices)] for n in range(BATCH)],
        moments,
        moments,
        list(range(BATCH)),
        [2000 + n % 7 for n in range(BATCH)],
        [6000] * BATCH,
        [None] * BATCH,
    ]


async def _push(api: Process, site: Site, seconds: float) -> float:
    """Push batches over HTTP from several hubs at once; gives readings accepted per second."""
    end = time.monotonic() + seconds
    accepted = 0

    async def push(client: httpx.AsyncClient, number: int) -> None:
        nonlocal accepted
        while time.monotonic() < end:
            own = number % len(site.hubs)
            hub, number = site.hubs[own], number + CONNECTIONS
            body = hub.batch(site.moment(own, BATCH), BATCH)
            headers = {"Authorization": f"Bearer {hub.key}", "Content-Type": "application/json"}
            answer = await client.post("/v1/climate/readings", content=body, headers=headers)
            accepted += answer.raise_for_status().json()["accepted"]

    began = time.monotonic()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client:
        await asyncio.gather(*(push(client, number) for number in range(CONNECTIONS)))
    return accepted / (time.monotonic() - began)


async def _publish(broker: MqttBroker, site: Site, seconds: float, *, together: int) -> float:
    """Publish messages of so many readings from several hubs; gives readings committed per second."""
    conn = await asyncpg.connect(site.database.dsn)
    before = await conn.fetchval("SELECT count(*) FROM climate_readings")
    published = 0
    began = time.monotonic()

    async def publish(number: int) -> None:
        nonlocal published
        hub = site.hubs[number]
        client = aiomqtt.Client("127.0.0.1", broker.port, username=hub.name, password=hub.key)
        client.pending_calls_threshold = 10_000
        topic = f"site/{hub.store}/climate/{hub.name}"
        async with client:
            while time.monotonic() - began < seconds:
                size = 200 * together
                rows = msgspec.json.decode(hub.batch(site.moment(number, size), size))
                pieces = [rows[n : n + together] for n in range(0, size, together)]
                payloads = [msgspec.json.encode(piece if together > 1 else piece[0]) for piece in pieces]
                await asyncio.gather(*(client.publish(topic, each, qos=1) for each in payloads))
                published += size

    await asyncio.gather(*(publish(number) for number in range(CONNECTIONS)))
    async with asyncio.timeout(120):
        while await conn.fetchval("SELECT count(*) FROM climate_readings") < before + published:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    rate = published / (time.monotonic() - began)
    await conn.close()
    return rate


def _rates(found: dict[str, float]) -> list[Result]:
    limit = "limit: bare unnest insert of the same rows"
    return [
        Result(
            name="climate.http",
            unit="readings/s",
            value=found["http"],
            limit=found["limit"],
            note=f"accepted in batches of {BATCH}, {CONNECTIONS} connections, worker judging; {limit}",
        ),
        Result(
            name="climate.http_target",
            unit="readings/s",
            value=found["http"],
            target=TARGET_PER_SECOND,
            note="the same, against what is wanted",
        ),
        *(
            Result(
                name=f"climate.{name}",
                unit="readings/s",
                value=found[name],
                limit=found["limit"],
                note=f"{size} a message, QoS 1, mosquitto, until committed; {limit}",
            )
            for name, size in (("mqtt", "one"), ("mqtt_20", "20"))
            if name in found
        ),
    ]


def _grow(system: System, site: Site, api: Process) -> list[Result]:
    """Fill up and measure again, in turn with nothing else: the ratio is to the rate at the first size."""
    seconds = system.effort.seconds(6)
    first = in_turn(system, http=lambda: asyncio.run(_push(api, site, seconds)))["http"]
    results, stored, sensors = [], 0, len(site.hubs) * SENSORS
    # One moment for all sizes, or a later fill would overlap with an earlier one.
    latest = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0).isoformat()
    for size in SHORT_SIZES if system.effort.short else SIZES:
        site.database.execute(_FILL.format(latest=latest, first=stored // sensors + 1, last=size // sensors))
        site.database.execute("VACUUM (ANALYZE) climate_readings, climate_rollups")
        stored = size
        found = in_turn(system, http=lambda: asyncio.run(_push(api, site, seconds)))["http"]
        name = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"
        results.append(
            Result(
                name=f"climate.http_at_{name}",
                unit="readings/s",
                value=found,
                limit=first,
                note=f"with {name} readings stored; limit: before they were",
            )
        )
    return results

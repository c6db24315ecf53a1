"""A sensor pushes by MQTT and HTTP to the running system; it shows on the bus, in alerts and by lot."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiomqtt
import httpx

from .conftest import System, until

GTIN = "06901028075763"
TOPIC = "inventory.climate.v1"
WITHIN_SECONDS = 60


def reading(at: datetime, degrees: float) -> dict[str, Any]:
    return {"ts": at.isoformat(), "temp_c": degrees, "rh_pct": 60}


async def publish(
    system: System, device: dict[str, str], payloads: list[Any], password: str | None = None
) -> None:
    """Publish once someone takes readings, and the broker knows the device (a second or two later).

    The broker of Python packages forgets what is published before anyone has subscribed.
    """
    until(lambda: takes_readings(system), "no worker takes readings by MQTT")
    port = int(system.process("mqtt")["port"])
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        client = aiomqtt.Client(
            "127.0.0.1", port, username=device["device_id"], password=password or device["key"]
        )
        try:
            async with client:
                for payload in payloads:
                    await client.publish(device["topic"], json.dumps(payload), qos=1)
                return
        except aiomqtt.MqttError:
            if password is not None or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.5)


def takes_readings(system: System) -> bool:
    worker = f"http://127.0.0.1:{system.process('inventory worker')['port']}"
    return "humidor_inventory_mqtt_connected 1.0" in httpx.get(f"{worker}/metrics").text


def test_a_warm_back_room_is_told_alerted_and_answered_by_lot(system: System) -> None:
    store = f"C{uuid4().hex[:8]}"
    begin = datetime.now(UTC) - timedelta(minutes=40)
    with system.client() as http:
        device = prepare(http, store, begin)
        headers = {"Authorization": f"Bearer {device['key']}"}

        def push(*readings: dict[str, Any]) -> dict[str, Any]:
            answer = http.post("/inventory/v1/climate/readings", json=readings, headers=headers)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        def excursions(state: str) -> list[dict[str, Any]]:
            params = {"store_id": store, "state": state}
            return list(http.get("/inventory/v1/climate/excursions", params=params).json()["items"])

        def alerts() -> list[str]:
            params = {"store_id": store, "state": "open"}
            found = http.get("/inventory/v1/alerts", params=params).json()["items"]
            return [each["kind"] for each in found]

        # Over HTTP inside, then by MQTT too warm: within the grace period nobody is alarmed.
        assert push(reading(begin, 22), reading(begin + timedelta(minutes=5), 22))["accepted"] == 2
        warm = [reading(begin + timedelta(minutes=minute), 33) for minute in range(10, 40, 5)]
        asyncio.run(publish(system, device, [warm[:3], *warm[3:]]))
        (found,) = until(lambda: excursions("open"), "no excursion was opened")
        assert (found["peak_value"], found["limit_value"]) == (33, 30)
        until(lambda: alerts() == ["climate_excursion"], "no alert was raised")
        path = f"/inventory/v1/climate/excursions/{found['excursion_id']}/lots"
        lots = until(lambda: http.get(path).json()["items"], "nobody lay there")
        assert [(each["gtin"], each["lot"], each["sticks"]) for each in lots] == [(GTIN, "WARM", 200)]
        again = push(*warm)
        assert (again["accepted"], len(again["duplicates"])) == (0, len(warm))

        push(reading(datetime.now(UTC), 21))
        until(lambda: excursions("ended"), "it did not end")
        assert until(lambda: not alerts(), "the alert stays open")
        system.wait_drained()
        told = [each for each in system.told(TOPIC) if each["store_id"] == store]
        assert [each["phase"] for each in told] == ["started", "ended"]
        assert told[1]["excursion_id"] == found["excursion_id"]
        met = http.get(
            "/inventory/v1/climate/exposures", params={"gtin": GTIN, "lot": "WARM", "store_id": store}
        )
        assert [each["excursion_id"] for each in met.json()["items"]] == [found["excursion_id"]]


def test_the_broker_lets_in_who_has_a_key_and_nobody_else(system: System) -> None:
    with system.client() as http:
        store = f"C{uuid4().hex[:8]}"
        device = prepare(http, store, datetime.now(UTC) - timedelta(minutes=5))
        asyncio.run(publish(system, device, [reading(datetime.now(UTC), 22)]))
        try:
            asyncio.run(publish(system, device, [reading(datetime.now(UTC), 99)], password="wrong"))
        except aiomqtt.MqttError:
            pass
        else:
            raise AssertionError("let in with a wrong password")
        shown = until(lambda: seen(http, device), "the reading did not come")
        assert shown["temperature_c"] == 22


def seen(http: httpx.Client, device: dict[str, str]) -> dict[str, Any] | None:
    shown: dict[str, Any] = http.get(f"/inventory/v1/climate/devices/{device['device_id']}").json()
    return shown if shown["measured_at"] else None


def prepare(http: httpx.Client, store: str, begin: datetime) -> dict[str, str]:
    """Make a store with a lot and a zone of ten minutes' grace, in which a sensor hangs since `begin`."""
    for path, body in (
        (f"/inventory/v1/stores/{store}", {"name": "Climate"}),
        (f"/inventory/v1/products/{GTIN}", {"name": "Loop Filter King Size", "brand": "Loop"}),
        (
            f"/inventory/v1/climate/zones/{store}/back",
            {"name": "back", "limits": {"temperature_max_c": 30}, "grace_minutes": 10},
        ),
    ):
        answer = http.put(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
    receipt = {"store_id": store, "kind": "opening", "lines": [{"gtin": GTIN, "quantity": 10, "lot": "WARM"}]}
    answer = http.post("/inventory/v1/receipts", json=receipt, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    sensor = {"device_id": f"{store}-1", "store_id": store, "zone_id": "back", "name": "rack"}
    answer = http.post("/inventory/v1/climate/devices", json=sensor | {"since": begin.isoformat()})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made

"""What becomes of readings: each for itself, once, whatever the order."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from humidor_common.db.transaction import transaction
from humidor_inventory.readings.partitions import tidy_partitions
from humidor_inventory.readings.queries import STORE
from humidor_inventory.settings import InventorySettings
from humidor_inventory.testing.shop import STORE as STORE_ID

from .conftest import ZONE, Watched

SERIES = "/v1/climate/devices/t1/readings"


async def rollups(watched: Watched, span: int) -> list[Any]:
    rows = await watched.shop.runtime.pool.fetch(
        """SELECT bucket_at, readings, temperature_count, temperature_sum, temperature_min, temperature_max,
                  humidity_count, humidity_sum
           FROM climate_rollups WHERE span_seconds = $1 ORDER BY bucket_at""",
        span,
    )
    return [tuple(row) for row in rows]


async def test_each_reading_is_judged_for_itself_and_taken_once(watched: Watched) -> None:
    good = watched.reading(1, 21.5, rh_pct=60.25, lux=12.3, seq=7, battery_pct=88, unknown="field")
    ahead = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    body = [
        good,
        good,
        good | {"temp_c": 22},
        {"ts": watched.at(2).isoformat()},
        {"ts": watched.at(2).isoformat(), "rh_pct": 101},
        {"ts": watched.at(2).isoformat(), "temp_c": "21"},
        {"ts": ahead, "temp_c": 21},
        {"ts": "2020-01-01T00:00:00Z", "temp_c": 21},
        {"ts": (watched.begin - timedelta(minutes=1)).isoformat(), "temp_c": 21},
        {"ts": watched.at(3).isoformat(), "temp_c": 21, "sensor_id": "t2"},
        7,
        watched.reading(3, None, rh_pct=55),
    ]
    receipt = await watched.push("t1", body)
    assert (receipt["accepted"], receipt["duplicates"]) == (2, [1])
    assert [(each["index"], each["code"]) for each in receipt["refused"]] == [
        (2, "conflict"),
        (3, "no_value"),
        (4, "out_of_range"),
        (5, "malformed"),
        (6, "clock_ahead"),
        (7, "too_old"),
        (8, "not_hung"),
        (9, "unknown_sensor"),
        (10, "malformed"),
    ]
    again = await watched.push("t1", body)
    assert (again["accepted"], again["duplicates"]) == (0, [0, 1, 11])
    assert await watched.push("t1", good) == {"accepted": 0, "duplicates": [0], "refused": []}
    shown = await watched.shop.ask("GET", "/v1/climate/devices/t1")
    assert (shown["humidity_pct"], shown["temperature_c"], shown["battery_pct"]) == (55, 21.5, 88)
    noted = (await watched.shop.ask("GET", "/v1/climate/refusals"))["items"]
    assert {each["code"]: each["refused"] for each in noted}["conflict"] == 2
    assert "1" in noted[0]["sample"] or noted[0]["sample"] == ""


async def test_the_moment_at_which_a_device_was_hung_up_is_its_first(watched: Watched) -> None:
    since = watched.at(5) + timedelta(microseconds=123_456)
    await watched.add("t5", since=since.isoformat())
    receipt = await watched.push("t5", {"ts": since.isoformat(), "temp_c": 21})
    assert (receipt["accepted"], receipt["refused"]) == (1, [])


async def test_a_body_that_is_no_reading_is_refused_whole(watched: Watched) -> None:
    headers = {"Authorization": f"Bearer {watched.keys['t1']}"}
    for content, status in ((b"{", 400), (b"\xff", 400), (b"[" + b"{}," * 10_000 + b"{}]", 413)):
        answer = await watched.shop.client.post("/v1/climate/readings", content=content, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_only_a_device_may_push_and_only_while_it_is_in_use(watched: Watched) -> None:
    shop, body = watched.shop, watched.reading(1, 20)
    key = watched.keys["t1"]
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {key}x"}, shop.auth()):
        answer = await shop.client.post("/v1/climate/readings", json=body, headers=headers)
        assert answer.status_code == 401
    rotated = await shop.ask("POST", "/v1/climate/devices/t1:rotate")
    await watched.push("t1", body, expect=401)
    watched.keys["t1"] = rotated["key"]
    await watched.push("t1", body)
    assert (await shop.ask("POST", "/v1/climate/devices/t1:revoke"))["state"] == "revoked"
    await watched.push("t1", body, expect=401)
    assert (await shop.ask("POST", "/v1/climate/devices/t1:rotate", expect=409))["code"] == "device-revoked"
    stored = str(tuple(await shop.runtime.pool.fetchrow("SELECT * FROM climate_devices") or ()))
    assert [each for each in (key, rotated["key"]) if each in stored] == []


async def test_a_hub_speaks_for_the_sensors_of_its_store_alone(watched: Watched) -> None:
    await watched.add("hub", zone=None, kind="hub")
    await watched.shop.put_store("S0002")
    await watched.put_zone(store="S0002")
    await watched.add("far", store="S0002")
    body = [watched.reading(1, 20, sensor_id=each) for each in ("t1", "far", "nobody", "hub")]
    receipt = await watched.push("hub", [*body, watched.reading(2, 20)])
    assert receipt["accepted"] == 1
    assert {each["code"] for each in receipt["refused"]} == {"unknown_sensor"}


async def test_late_readings_mend_their_rollups_exactly(watched: Watched) -> None:
    chance = random.Random(1)
    body = [
        watched.reading(minute, chance.uniform(10, 30), rh_pct=chance.choice([None, 60]))
        for minute in range(150)
    ]
    late = body[:]
    chance.shuffle(late)
    for piece in range(0, 150, 10):
        await watched.push("t1", late[piece : piece + 10] + chance.sample(late[: piece + 1], 1))
    for span in (300, 3600):
        expected = await watched.shop.runtime.pool.fetch(
            """SELECT date_bin(make_interval(secs => $1), measured_at, 'epoch'), count(*),
                      count(temperature_centi_c), sum(temperature_centi_c), min(temperature_centi_c),
                      max(temperature_centi_c), count(humidity_centi_pct), sum(humidity_centi_pct)
               FROM climate_readings GROUP BY 1 ORDER BY 1""",
            float(span),
        )
        assert await rollups(watched, span) == [tuple(row) for row in expected]
    points = await watched.shop.ask(
        "GET", SERIES, params={"since": watched.begin.isoformat(), "resolution": "1h"}
    )
    assert sum(each["readings"] for each in points["items"]) == 150


async def test_a_series_is_read_page_by_page_at_a_fitting_resolution(watched: Watched) -> None:
    await watched.push_steadily("t1", 0, 300, 21)
    params = {"since": watched.begin.isoformat(), "until": watched.at(300).isoformat(), "limit": "40"}
    first = await watched.shop.ask("GET", SERIES, params=params)
    second = await watched.shop.ask("GET", SERIES, params=params | {"cursor": first["next_cursor"]})
    assert (first["resolution"], len(first["items"]), len(second["items"])) == ("raw", 40, 20)
    assert second["next_cursor"] is None
    answer = await watched.shop.client.get(
        SERIES, params=params | {"format": "csv"}, headers=watched.shop.auth()
    )
    assert len(answer.text.splitlines()) == 1 + 60
    wide = {"since": (watched.begin - timedelta(days=30)).isoformat()}
    assert (await watched.shop.ask("GET", SERIES, params=wide))["resolution"] == "1h"
    await watched.shop.ask(
        "GET", SERIES, params={"until": "2020-01-01T00:00:00Z", "since": "2021-01-01T00:00:00Z"}, expect=422
    )


async def test_numbers_that_are_missing_are_counted_until_they_come(watched: Watched) -> None:
    body = [watched.reading(minute, 20, seq=minute) for minute in range(20)]
    await watched.push("t1", body[:5] + body[8:])
    path = "/v1/climate/devices/t1/completeness"
    params = {"since": watched.begin.isoformat()}
    found = await watched.shop.ask("GET", path, params=params)
    assert (found["readings"], found["numbered"], found["missing"]) == (17, 17, 3)
    await watched.push("t1", body[5:8])
    assert (await watched.shop.ask("GET", path, params=params))["missing"] == 0


async def test_calibration_is_added_to_what_comes_in_from_then_on(watched: Watched) -> None:
    await watched.push("t1", watched.reading(1, 20, rh_pct=50))
    body = {"store_id": STORE_ID, "zone_id": ZONE, "name": "t1", "temperature_offset_c": -1.25}
    body |= {"humidity_offset_pct": 3, "calibrated_on": "2026-11-20"}
    await watched.shop.ask("PUT", "/v1/climate/devices/t1", json=body)
    await watched.push("t1", [watched.reading(2, 20, rh_pct=50), watched.reading(3, 20, rh_pct=99)])
    points = await watched.shop.ask(
        "GET", SERIES, params={"since": watched.begin.isoformat(), "resolution": "raw"}
    )
    assert [(each["temperature_mean_c"], each["humidity_mean_pct"]) for each in points["items"]] == [
        (20, 50),
        (18.75, 53),
        (18.75, 100),
    ]


async def test_batches_that_overlap_at_the_same_time_neither_deadlock_nor_count_twice(
    watched: Watched,
) -> None:
    await watched.add("hub", zone=None, kind="hub")
    names = [f"s{number}" for number in range(8)]
    for name in names:
        await watched.add(name)
    body = [watched.reading(minute, 20, sensor_id=name) for minute in range(20) for name in names]
    chance = random.Random(2)
    batches = [chance.sample(body, 120) for _ in range(6)]
    receipts = await asyncio.gather(*(watched.push("hub", batch) for batch in batches))
    distinct = {(each["sensor_id"], each["ts"]) for batch in batches for each in batch}
    assert sum(each["accepted"] for each in receipts) == len(distinct)
    assert sum(row[1] for row in await rollups(watched, 3600)) == len(distinct)


async def test_readings_lie_in_days_that_are_made_ahead_and_dropped_whole(watched: Watched) -> None:
    pool = watched.shop.runtime.pool
    await watched.push_steadily("t1", 0, 60, 20)
    in_default = "SELECT count(*) FROM climate_readings_default"
    assert await pool.fetchval(in_default) == 0
    settings = watched.shop.runtime.settings.model_dump()
    made, dropped = await tidy_partitions(pool, InventorySettings.model_validate(settings))
    assert (made, dropped) == (0, 0)
    await pool.fetchval("SELECT ensure_climate_partitions(100, 3)")
    short = InventorySettings.model_validate(settings | {"inventory_climate_readings_days": 30})
    assert (await tidy_partitions(pool, short))[1] == 70
    assert await pool.fetchval("SELECT count(*) FROM climate_readings") == 12


async def test_storing_reads_by_keys_alone(watched: Watched) -> None:
    """The plan of the statement that stores names no table that it would read whole."""
    await watched.push_steadily("t1", 0, 60, 20)
    rows = [(1, watched.at(1), 2000, None, None, 1, STORE_ID, ZONE)]
    async with transaction(watched.shop.runtime.pool) as conn:
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        plan = await conn.fetch(f"EXPLAIN {STORE}", rows, datetime.now(UTC))
    text = "\n".join(row[0] for row in plan)
    assert "Seq Scan on climate" not in text, text

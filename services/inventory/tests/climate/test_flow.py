"""From readings to alerts, events and the lots that lay there, on a real database."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_inventory.excursions.exposures import refresh_exposures
from humidor_inventory.excursions.service import judge_zones
from humidor_inventory.testing.shop import STORE, Shop, make_gtin

from .conftest import LATE, ZONE, Watched


def brief(found: dict[str, Any]) -> tuple[Any, ...]:
    return found["store_id"], found["lot"], found["zone_id"]


async def test_an_excursion_opens_is_told_and_ends(watched: Watched) -> None:
    await watched.push_steadily("t1", 0, 60, 25)
    await watched.push_steadily("t1", 60, 90, 33)
    await watched.judge(89)
    assert await watched.excursions() == []
    await watched.judge(90)
    (found,) = await watched.excursions(state="open")
    assert watched.minutes(found) == (60, 90, None)
    assert (found["peak_value"], found["limit_value"], found["measure"]) == (33, 30, "temperature")
    assert await watched.alerts() == [("climate_excursion", "back-room/temperature")]
    await watched.push_steadily("t1", 95, 130, 24)
    await watched.judge(130)
    assert [(each["phase"], each["store_id"]) for each in await watched.told()] == [
        ("started", STORE),
        ("ended", STORE),
    ]
    assert await watched.alerts() == []
    (ended,) = await watched.excursions(state="ended")
    assert watched.minutes(ended) == (60, 90, 95)
    assert (ended["deviation_minutes"], ended["outside_minutes"]) == (3 * 35, 35)
    assert await watched.judge(131) == 0


async def test_late_readings_correct_the_excursion_that_they_fall_into(watched: Watched) -> None:
    await watched.push_steadily("t1", 0, 60, 25)
    await watched.push_steadily("t1", 60, 200, 33)
    await watched.push("t1", watched.reading(200, 25))
    await watched.judge(201)
    (before,) = await watched.excursions()
    # It was inside at minute 102, so what looked like one were two.
    await watched.push("t1", watched.reading(102, 25))
    await watched.judge(202)
    first, second = await watched.excursions()
    assert first["excursion_id"] == before["excursion_id"]
    assert [watched.minutes(each)[::2] for each in (first, second)] == [(60, 102), (105, 200)]
    assert (first["state"], first["version"], second["state"]) == ("ended", 2, "ended")
    # And it was never outside before minute 180 in truth: a second sensor's calibration was wrong, say.
    await watched.push("t1", [watched.reading(minute + 1, 25) for minute in range(60, 180, 5)])
    await watched.judge(203)
    assert {each["state"] for each in await watched.excursions()} == {"withdrawn"}
    phases = [each["phase"] for each in await watched.told()]
    assert phases == ["started", "ended", "corrected", "started", "ended", "withdrawn", "withdrawn"]
    assert await watched.alerts() == []


async def test_no_order_of_readings_changes_what_is_found(watched: Watched) -> None:
    chance = random.Random(5)
    body = [watched.reading(minute, chance.choice([25, 29, 32, 36])) for minute in range(0, 300, 3)]
    for index, zone in enumerate(("in-order", "late", "at-once")):
        await watched.put_zone(zone, grace_minutes=6, interval_seconds=120)
        await watched.add(zone, zone=zone)
        story = body[:]
        if zone == "late":
            chance.shuffle(story)
        size = (5, 4, 100)[index]
        for piece in range(0, len(story), size):
            await watched.push(zone, story[piece : piece + size])
            await watched.judge(301 + index)
    found = {
        zone: [
            (watched.minutes(each), each["peak_value"], each["deviation_minutes"], each["unknown_minutes"])
            for each in sorted(await watched.excursions(zone_id=zone), key=lambda each: each["started_at"])
            if each["state"] != "withdrawn"
        ]
        for zone in ("in-order", "late", "at-once")
    }
    assert found["in-order"] == found["at-once"] == found["late"] != []
    kept = await watched.shop.runtime.pool.fetchval(
        "SELECT max(n) FROM (SELECT count(*) n FROM climate_checkpoints GROUP BY zone_id) c"
    )
    assert kept <= 8


async def test_silence_is_an_alert_of_its_own_and_no_excursion_ends_by_it(watched: Watched) -> None:
    await watched.push_steadily("t1", 0, 50, 35)
    await watched.judge(50)
    await watched.judge(61)
    assert await watched.alerts() == [
        ("climate_excursion", "back-room/temperature"),
        ("climate_gap", "t1"),
    ]
    gaps = (await watched.shop.ask("GET", "/v1/climate/gaps", params={"going_on": "true"}))["items"]
    assert [(each["device_id"], each["started_at"][:16]) for each in gaps] == [
        ("t1", watched.at(45).isoformat()[:16])
    ]
    # What the device had kept comes late: neither a gap nor anything unknown is left.
    await watched.push_steadily("t1", 50, 120, 35)
    await watched.judge(120)
    assert await watched.alerts() == [("climate_excursion", "back-room/temperature")]
    assert (await watched.shop.ask("GET", "/v1/climate/gaps"))["items"] == []
    assert (await watched.excursions())[0]["unknown_minutes"] == 0


async def test_the_lots_that_lay_there_are_answered(watched: Watched, gtin: str) -> None:
    shop, other = watched.shop, make_gtin(2)
    await shop.put_product(other)
    await watched.put_zone("cellar")
    here = datetime.now(UTC)
    watched.begin = here.replace(microsecond=0)
    await watched.add("now")
    await shop.receive((gtin, 5, "A"), (gtin, 3, "B"), (other, 4, "C"), (other, 2, "D"))
    sayings = [
        {"zone_id": "cellar", "gtin": gtin, "lot": "B"},
        {"zone_id": "cellar", "gtin": other},
        {"zone_id": ZONE, "gtin": other, "lot": "D"},
    ]
    placed = {"store_id": STORE, "placements": sayings}
    assert (await shop.ask("POST", "/v1/climate/placements", json=placed))["changed"] == 3
    assert (await shop.ask("POST", "/v1/climate/placements", json=placed))["changed"] == 0
    for zone, lots in ((ZONE, ["A", "D"]), ("cellar", ["B", "C"])):
        found = await shop.ask("GET", f"/v1/climate/zones/{STORE}/{zone}/lots")
        assert sorted(each["lot"] for each in found["items"]) == lots
    await watched.push("now", [watched.reading(0.02, 40), watched.reading(4, 40)])
    await shop.ask("PUT", f"/v1/climate/zones/{STORE}/{ZONE}", json={"name": ZONE, "grace_minutes": 1})
    await watched.judge(4)
    (excursion,) = await watched.excursions(zone_id=ZONE)
    # Lot B is moved in while it goes on.
    moved = {"store_id": STORE, "placements": [{"zone_id": None, "gtin": gtin, "lot": "B"}]}
    assert (await shop.ask("POST", "/v1/climate/placements", json=moved))["changed"] == 1
    async with transaction(shop.runtime.pool) as conn:
        assert await refresh_exposures(conn, before=watched.at(5), now=watched.at(6)) == 1
    path = f"/v1/climate/excursions/{excursion['excursion_id']}/lots"
    lots = (await shop.ask("GET", path))["items"]
    assert [(each["lot"], each["sticks"], each["peak_value"]) for each in lots] == [
        ("A", 100, 40),
        ("B", 60, 40),
        ("D", 40, 40),
    ]
    (event,) = [each for each in await watched.told() if each["zone_id"] == ZONE]
    assert sorted(each["lot"] for each in event["lots"]) == ["A", "D"]
    history = await shop.ask(
        "GET", "/v1/climate/placements", params={"store_id": STORE, "gtin": gtin, "current": "false"}
    )
    assert [each["placed_until"] is None for each in history["items"]] == [False]


async def test_what_a_lot_met_on_its_way_is_found_through_stores_and_splits(
    watched: Watched, gtin: str
) -> None:
    shop = watched.shop
    await shop.put_store("S0002")
    await watched.put_zone(store="S0002", grace_minutes=0)
    await watched.put_zone(grace_minutes=0)
    watched.begin = datetime.now(UTC).replace(microsecond=0)
    await shop.receive((gtin, 9, "A"))
    await watched.add("here")
    await watched.add("there", store="S0002")
    await watched.push("here", [watched.reading(0.02, 40), watched.reading(1, 40)])
    await watched.judge(1)
    route = {"from_store_id": STORE, "to_store_id": "S0002", "dispatch": True}
    sent = await shop.ask(
        "POST",
        "/v1/transfers",
        json=route | {"lines": [{"gtin": gtin, "quantity": 4, "lot": "A"}]},
        expect=201,
    )
    arrived = {"lines": [{"gtin": gtin, "lot": "A", "received": 4}]}
    await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json=arrived)
    split = {"store_id": "S0002", "gtin": gtin, "lot": "A", "new_lot": "A2", "quantity": 4, "reason": "x"}
    await shop.ask("POST", "/v1/lots:split", json=split, expect=201)
    await watched.push("there", [watched.reading(2, 40), watched.reading(3, 40)])
    await watched.judge(4)
    params = {"gtin": gtin, "lot": "A2"}
    found = (await shop.ask("GET", "/v1/climate/exposures", params=params))["items"]
    assert {brief(each) for each in found} == {(STORE, "A", ZONE), ("S0002", "A2", ZONE)}
    alone = (await shop.ask("GET", "/v1/climate/exposures", params=params | {"follow": "false"}))["items"]
    assert {brief(each) for each in alone} == {("S0002", "A2", ZONE)}
    theirs = shop.auth("manager", stores=["S0002"])
    seen = await shop.ask("GET", "/v1/climate/exposures", params=params, headers=theirs)
    assert {each["store_id"] for each in seen["items"]} == {"S0002"}


async def test_a_sensor_that_is_moved_measures_for_where_it_hung_then(watched: Watched) -> None:
    await watched.put_zone("cellar")
    moved = {"store_id": STORE, "zone_id": "cellar", "name": "t1", "since": watched.at(60).isoformat()}
    tag = (await watched.shop.ask("GET", "/v1/climate/devices/t1"))["version"]
    await watched.shop.ask(
        "PUT",
        "/v1/climate/devices/t1",
        json=moved,
        headers=watched.shop.auth() | {"If-Match": '"9"'},
        expect=412,
    )
    headers = watched.shop.auth() | {"If-Match": f'"{tag}"'}
    await watched.shop.ask("PUT", "/v1/climate/devices/t1", json=moved, headers=headers)
    await watched.push_steadily("t1", 0, 120, 35)
    await watched.judge(121)
    spans = {each["zone_id"]: watched.minutes(each) for each in await watched.excursions()}
    assert spans["cellar"] == (60, 90, None)
    assert spans[ZONE][:2] == (0, 30)


async def test_two_judges_share_the_zones(watched: Watched) -> None:
    for number in range(6):
        await watched.put_zone(f"z{number}")
        await watched.add(f"s{number}", zone=f"z{number}")
        await watched.push_steadily(f"s{number}", 0, 60, 35)

    async def judge() -> int:
        async with transaction(watched.shop.runtime.pool) as conn:
            found = await judge_zones(conn, now=utc_now(), late=LATE, limit=4)
            await asyncio.sleep(0.05)
            return found

    assert sum(await asyncio.gather(judge(), judge())) == 7
    assert len(await watched.excursions()) == 6


async def test_who_may_see_and_change_what_is_checked(watched: Watched) -> None:
    shop = watched.shop
    stranger, reader = shop.auth("manager", stores=["S0002"]), shop.auth("analyst")
    zone = f"/v1/climate/zones/{STORE}/{ZONE}"
    device = {"store_id": STORE, "zone_id": ZONE, "name": "x"}
    place = {"store_id": STORE, "placements": [{"zone_id": ZONE}]}
    writes = [
        ("PUT", zone, {"name": "x"}),
        ("POST", "/v1/climate/devices", device),
        ("PUT", "/v1/climate/devices/t1", device),
        ("POST", "/v1/climate/devices/t1:rotate", None),
        ("POST", "/v1/climate/devices/t1:revoke", None),
        ("POST", "/v1/climate/placements", place),
    ]
    for method, path, body in writes:
        for headers in (stranger, reader):
            await shop.ask(method, path, json=body, headers=headers, expect=403)
    reads = (zone, f"{zone}/lots", "/v1/climate/devices/t1", "/v1/climate/devices/t1/readings")
    for path in (*reads, "/v1/climate/devices/t1/completeness"):
        await shop.ask("GET", path, headers=stranger, expect=403)
    for path in ("zones", "devices", "excursions", "gaps", "refusals"):
        await shop.ask("GET", f"/v1/climate/{path}", params={"store_id": STORE}, headers=stranger, expect=403)
        assert (await shop.ask("GET", f"/v1/climate/{path}", headers=stranger))["items"] == []
    await shop.ask("POST", "/v1/climate/devices", json=device | {"device_id": "t1"}, expect=409)
    for wrong, field in (
        ({"zone_id": "nowhere"}, "zone_id"),
        ({"store_id": "S9999"}, "store_id"),
        ({"zone_id": None}, "body"),
        ({"since": "2020-01-01T00:00:00Z"}, "since"),
    ):
        problem = await shop.ask("POST", "/v1/climate/devices", json=device | wrong, expect=422)
        assert problem["errors"][0]["field"] == field
    trail = await shop.runtime.pool.fetch("SELECT DISTINCT action, entity FROM audit_trail ORDER BY 1, 2")
    assert ("register", "climate_device") in {tuple(row) for row in trail}


@pytest.mark.parametrize("limits", [None, {"temperature_max_c": 30}])
async def test_a_zone_of_a_store_that_is_not_there_is_not_made(shop: Shop, limits: Any) -> None:
    path = "/v1/climate/zones/NOWHERE/cellar"
    refusal = await shop.ask("PUT", path, json={"name": "cellar", "limits": limits}, expect=404)
    assert "NOWHERE" in refusal["detail"]
    assert (await shop.ask("GET", "/v1/climate/zones"))["items"] == []

"""A line's visits are planned as a route, made, and seen on the timeline."""

from typing import Any

from humidor_customers.testing.desk import Desk

STREET = {"C1": 30.00, "C2": 30.02, "C3": 30.01}
DAY = "2026-11-26"


async def open_street(desk: Desk) -> None:
    """Three shops along a street, each visited every seven days, and one of nobody knows where."""
    for n, (retailer_id, latitude) in enumerate(STREET.items(), 1):
        await desk.put(retailer_id, sales_line="L1", store_ids=[f"S000{n}"])
        place = {"latitude": latitude, "longitude": 120.0, "every_days": 7}
        await desk.ask("PUT", f"/v1/retailers/{retailer_id}/place", json=place)
    await desk.put("C4", sales_line="L1")


async def plan(desk: Desk, *ids: str, expect: int = 201, headers: Any = None, **more: Any) -> Any:
    stops = [{"retailer_id": each} for each in ids]
    body = {"planned_on": DAY, "visitor": "tester", "stops": stops}
    return await desk.ask("POST", "/v1/visit-plans", json=body | more, headers=headers, expect=expect)


async def due(desk: Desk, day: str = DAY) -> list[str]:
    found = await desk.ask("GET", "/v1/visits/due", params={"sales_line": "L1", "day": day, "limit": 2})
    more = found["next_cursor"]
    rest = await desk.ask(
        "GET", "/v1/visits/due", params={"sales_line": "L1", "day": day, "cursor": more or "WyJ6Il0"}
    )
    return [each["retailer_id"] for each in found["items"] + (rest["items"] if more else [])]


async def test_a_days_visits_are_planned_as_a_short_way_made_and_due_again_in_a_week(desk: Desk) -> None:
    await open_street(desk)
    assert await due(desk) == ["C1", "C2", "C3"]
    made = await plan(desk, "C4", "C2", "C1", "C3", start={"latitude": 29.99, "longitude": 120.0})
    assert [each["retailer_id"] for each in made["visits"]] == ["C1", "C3", "C2", "C4"]
    assert (made["unplaced"], [each["stop"] for each in made["visits"]]) == (["C4"], [1, 2, 3, 4])
    assert 3330 <= made["length_m"] <= 3345
    assert await due(desk) == []
    first, second, third, _ = (f"/v1/visits/{each['visit_id']}" for each in made["visits"])
    body: dict[str, Any] = {
        "arrived_at": "2026-11-26T01:00:00Z",
        "left_at": "2026-11-26T01:30:00Z",
        "outcome": "display is fine",
    }
    body |= {"at": {"latitude": 30.0001, "longitude": 120.0}, "note": "said hello"}
    done = await desk.ask("POST", f"{first}:complete", json=body)
    assert (done["state"], done["distance_m"]) == ("done", 11)
    await desk.ask("POST", f"{first}:complete", json=body, expect=409)
    await desk.ask("POST", f"{second}:complete", json=body | {"left_at": "2026-11-26T00:00:00Z"}, expect=422)
    late = {"arrived_at": "2199-01-01T00:00:00Z", "left_at": "2199-01-01T00:00:00Z"}
    await desk.ask("POST", f"{second}:complete", json=body | late, expect=422)
    for path, state in ((second, "missed"), (third, "cancelled")):
        missed = await desk.ask("POST", f"{path}:miss", json={"state": state, "outcome": "closed"})
        assert (missed["state"], missed["outcome"]) == (state, "closed")
    assert (await due(desk), await due(desk, "2026-12-03")) == (["C2", "C3"], ["C1", "C2", "C3"])

    (entry,) = (await desk.ask("GET", "/v1/retailers/C1/timeline"))["items"]
    assert (entry["kind"], entry["details"]) == (
        "visit",
        {"purpose": "routine", "minutes": 30, "distance_m": 11},
    )
    assert len(await desk.told("customers.visit-completed.v1")) == 1
    assert b"hello" not in (await desk.told("customers.visit-completed.v1"))[0][1]
    (shown,) = (await desk.ask("GET", "/v1/visit-plans?visitor=tester"))["items"]
    assert [each["state"] for each in shown["visits"]] == ["done", "missed", "cancelled", "planned"]
    (visit,) = (await desk.ask("GET", "/v1/retailers/C1/visits"))["items"]
    assert visit["note"] == "said hello"


async def test_a_plan_names_every_stop_that_cannot_be_visited_and_is_seen_by_its_own(desk: Desk) -> None:
    await open_street(desk)
    await desk.put("C5", state="prospect", licence_number=None)
    problem = await plan(desk, "C1", "C8", "C9", expect=422)
    assert [each["field"] for each in problem["errors"]] == ["stops[1].retailer_id", "stops[2].retailer_id"]
    await plan(desk, "C1", "C1", expect=422)
    await plan(desk, expect=422)
    given = await plan(desk, "C2", "C5", "C1", optimise=False)
    assert [each["retailer_id"] for each in given["visits"]] == ["C2", "C5", "C1"]
    manager = desk.auth("manager", stores=["S0001"], subject="wang")
    own = await plan(desk, "C1", headers=manager)
    await plan(desk, "C2", headers=manager, expect=422)
    await desk.ask("GET", f"/v1/visit-plans/{own['plan_id']}", headers=manager)
    await desk.ask("GET", f"/v1/visit-plans/{given['plan_id']}", headers=manager, expect=404)
    await desk.ask("GET", "/v1/visit-plans?visitor=tester", headers=manager, expect=403)
    visit = f"/v1/visits/{given['visits'][0]['visit_id']}"
    body = {"state": "missed", "outcome": "x"}
    await desk.ask("POST", f"{visit}:miss", json=body, headers=manager, expect=404)
    await desk.ask("POST", f"{visit}:miss", json=body, headers=desk.auth("clerk"), expect=403)
    place = {"latitude": 91, "longitude": 0}
    await desk.ask("PUT", "/v1/retailers/C1/place", json=place, expect=422)

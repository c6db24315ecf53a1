"""Two records become one and two again, over HTTP on a real database."""

from typing import Any

import msgspec

from humidor_common.events.customers import MergeUndone, RetailerChanged, RetailersMerged
from humidor_customers.testing.desk import Desk, licence

VOLATILE = ("version", "changed_at")


def steady(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in VOLATILE}


async def merge(desk: Desk, survivor: str, merged: str, *take: str, expect: int = 201) -> Any:
    body = {"survivor_id": survivor, "merged_id": merged, "take": list(take), "reason": "same shop"}
    return await desk.ask("POST", "/v1/merges", json=body, expect=expect)


async def undo(desk: Desk, made: Any, *, expect: int = 200) -> Any:
    path = f"/v1/merges/{made['merge_id']}:undo"
    return await desk.ask("POST", path, json={"reason": "two shops after all"}, expect=expect)


async def two(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    contacts = [{"name": "王芳", "phone": "13812345678"}]
    await desk.put("C1", name="城南", tags=["a"], contacts=contacts, store_ids=["S0001"], sales_line="L1")
    await desk.put(
        "C2",
        name="城南店",
        tags=["b"],
        contacts=[{"name": "李强"}],
        store_ids=["S0002", "S0003"],
        sales_line="L2",
        credit_limit_minor=500,
        currency="CNY",
        licence_valid_until="2030-01-01",
    )
    await desk.put("C3", parent_id="C2")
    await desk.ask("POST", "/v1/retailers/C2/notes", json={"text": "of the second"}, expect=201)
    check = {"status": "active", "source": "bureau"}
    await desk.ask("POST", "/v1/retailers/C2/licence-checks", json=check, expect=201)
    return await desk.get("C1"), await desk.get("C2")


async def test_a_merge_moves_everything_and_the_old_id_goes_on_answering(desk: Desk) -> None:
    await two(desk)
    made = await merge(desk, "C1", "C2", "licence", "credit")
    assert made["moved"]["store_ids"] == ["S0002", "S0003"]
    assert made["moved"]["children"] == ["C3"]
    found = await desk.get("C1")
    assert (found["licence_number"], found["licence_valid_until"]) == (licence(2), "2030-01-01")
    assert (found["name"], found["sales_line"], found["credit_limit_minor"]) == ("城南", "L1", 500)
    assert (found["tags"], found["store_ids"]) == (["a", "b"], ["S0001", "S0002", "S0003"])
    assert [each["name"] for each in found["contacts"]] == ["王芳", "李强"]
    assert (await desk.get("C3"))["parent_id"] == "C1"
    assert await desk.ids() == ["C1", "C3"]
    answer = await desk.client.get("/v1/retailers/C2", headers=desk.auth())
    assert (answer.status_code, answer.headers["location"]) == (301, "C1")
    assert answer.json() == {"retailer_id": "C2", "merged_into": "C1"}
    followed = await desk.client.get("/v1/retailers/C2", headers=desk.auth(), follow_redirects=True)
    assert followed.json() == found
    notes = await desk.ask("GET", "/v1/retailers/C1/notes")
    assert [each["text"] for each in notes["items"]] == ["of the second"]
    for path, body in (
        ("/v1/retailers/C2/notes", {"text": "x"}),
        ("/v1/retailers/C2/licence-checks", {"status": "active", "source": "x"}),
    ):
        assert (await desk.ask("POST", path, json=body, expect=409))["code"] == "retailer-merged"
    assert (await desk.put("C2", expect=409))["code"] == "retailer-merged"
    assert (await desk.put("C4", parent_id="C2", expect=422))["errors"][0]["message"] == "was merged into C1"
    (told,) = await desk.told(RetailersMerged.TYPE)
    event = msgspec.json.decode(told[1], type=RetailersMerged)
    assert (event.survivor_id, event.merged_id, event.moved_store_ids) == ("C1", "C2", ["S0002", "S0003"])
    changed = [msgspec.json.decode(p, type=RetailerChanged) for _, p in await desk.told(RetailerChanged.TYPE)]
    assert [each.merged_into for each in changed if each.retailer_id == "C2"][-1] == "C1"
    assert (await desk.trail("retailer", "C1"))[-1] == ("merge", "same shop")


async def test_undone_at_once_both_are_exactly_what_they_were(desk: Desk) -> None:
    first, second = await two(desk)
    made = await merge(desk, "C1", "C2", "licence", "credit", "name")
    done = await undo(desk, made)
    assert (done["kept"], done["undone_by"], done["undo_reason"]) == ([], "tester", "two shops after all")
    assert steady(await desk.get("C1")) == steady(first)
    assert steady(await desk.get("C2")) == steady(second)
    assert (await desk.get("C3"))["parent_id"] == "C2"
    notes = await desk.ask("GET", "/v1/retailers/C2/notes")
    checks = await desk.ask("GET", "/v1/retailers/C2/licence-checks")
    assert (len(notes["items"]), len(checks["items"])) == (1, 1)
    assert (await undo(desk, made, expect=409))["code"] == "merge-undone"
    (told,) = await desk.told(MergeUndone.TYPE)
    assert msgspec.json.decode(told[1], type=MergeUndone).returned_store_ids == ["S0002", "S0003"]
    pairs = await desk.ask("GET", "/v1/duplicates?state=dismissed")
    assert [(each["first_id"], each["second_id"]) for each in pairs["items"]] == [("C1", "C2")]
    again = await merge(desk, "C1", "C2")
    listed = await desk.ask("GET", "/v1/merges", params={"survivor_id": "C1"})
    assert [each["merge_id"] for each in listed["items"]] == [again["merge_id"], made["merge_id"]]


async def test_what_changed_since_the_merge_stays_with_the_survivor_and_is_reported(desk: Desk) -> None:
    first, second = await two(desk)
    made = await merge(desk, "C1", "C2", "licence", "credit")
    now = await desk.get("C1")
    kept_names = ("name", "licence_number", "licence_valid_until", "contacts", "credit_limit_minor")
    body = {name: now[name] for name in (*kept_names, "currency")}
    body |= {"sales_line": "L9", "tags": ["b", "new"], "store_ids": ["S0001", "S0002", "S0004"]}
    await desk.put("C1", **body)
    await desk.put("C4", store_ids=["S0003"])
    check = {"status": "suspended", "source": "bureau"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    await desk.put("C3", parent_id=None)
    await desk.ask("POST", "/v1/retailers/C1/notes", json={"text": "after"}, expect=201)
    done = await undo(desk, made)
    assert {(each["field"], each["stays_with"]) for each in done["kept"]} == {
        ("sales_line", "survivor"),
        ("tags", "survivor"),
        ("store_ids", "survivor"),
        ("licence_status", "merged"),
    }
    survivor, other = await desk.get("C1"), await desk.get("C2")
    changed = {"sales_line": "L9", "tags": ["new"], "store_ids": ["S0001", "S0004"]}
    assert steady(survivor) == steady(first) | changed
    suspended = {"licence_status": "suspended", "licence_state": "suspended", "store_ids": ["S0002"]}
    assert steady(other) == steady(second) | suspended
    assert (await desk.get("C3"))["parent_id"] is None
    checks = (await desk.ask("GET", "/v1/retailers/C2/licence-checks"))["items"]
    assert [each["status"] for each in checks] == ["suspended", "active"]
    notes = (await desk.ask("GET", "/v1/retailers/C1/notes"))["items"]
    assert [each["text"] for each in notes] == ["after"]


async def test_merges_are_undone_in_the_opposite_order(desk: Desk) -> None:
    for each in ("C1", "C2", "C3", "C4"):
        await desk.put(each, tags=[each])
    first = await merge(desk, "C2", "C1", "name")
    second = await merge(desk, "C3", "C2", "name")
    third = await merge(desk, "C3", "C4", "name")
    assert (await desk.get("C3"))["name"] == "Shop C4"
    for early in (first, second):
        assert (await undo(desk, early, expect=409))["code"] == "later-merge"
    for each in (third, second, first):
        assert (await undo(desk, each))["kept"] == []
    for each in ("C1", "C2", "C3", "C4"):
        found = await desk.get(each)
        assert (found["name"], found["tags"], found["merged_into"]) == (f"Shop {each}", [each], None)


async def test_what_cannot_be_merged_or_undone_is_refused_and_nothing_changes(desk: Desk) -> None:
    await two(desk)
    await desk.put("C5", state="prospect", licence_number=None)
    await merge(desk, "C1", "C1", expect=422)
    await merge(desk, "C1", "C9", expect=404)
    await merge(desk, "C1", "C2", "colour", expect=422)
    assert (await merge(desk, "C3", "C2", expect=409))["code"] == "merge-hierarchy"
    assert (await merge(desk, "C2", "C3", expect=409))["code"] == "merge-hierarchy"
    unsound = await merge(desk, "C1", "C5", "licence", expect=422)
    assert (unsound["code"], unsound["errors"][0]["field"]) == ("not-sound", "take")
    await desk.put("C7", state="closed", licence_number=licence(2))
    taken = await merge(desk, "C1", "C7", "licence", expect=409)
    assert (taken["code"], "C2" in taken["detail"]) == ("licence-in-use", True)
    made = await merge(desk, "C1", "C2", "licence")
    assert (await merge(desk, "C3", "C2", expect=409))["code"] == "retailer-merged"
    await desk.put("C6", licence_number=licence(1))
    in_use = await undo(desk, made, expect=409)
    assert in_use["code"] == "licence-in-use"
    assert (await desk.get("C1"))["licence_number"] == licence(2)
    await desk.put("C6")
    await undo(desk, made)
    bound: dict[str, Any] = {"headers": desk.auth("manager", stores=["S0001"])}
    body = {"survivor_id": "C1", "merged_id": "C2", "reason": "x"}
    await desk.ask("POST", "/v1/merges", json=body, **bound, expect=403)
    await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "x"}, **bound, expect=403)
    await desk.ask("GET", "/v1/merges/01a20982-eff8-7697-a22b-4bc513913678", expect=404)


async def test_a_parent_that_would_close_a_circle_stops_the_undoing(desk: Desk) -> None:
    await desk.put("C9")
    await desk.put("C1")
    await desk.put("C2", parent_id="C9")
    await desk.put("C3", parent_id="C2")
    made = await merge(desk, "C1", "C2")
    await desk.put("C9", parent_id="C3")
    refused = await undo(desk, made, expect=409)
    assert refused["code"] == "hierarchy-cycle"
    assert (await desk.get("C3"))["parent_id"] == "C1"
    await desk.put("C9")
    await undo(desk, made)
    assert (await desk.get("C3"))["parent_id"] == "C2"

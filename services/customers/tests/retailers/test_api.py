"""Trade customers over HTTP, on a real database."""

from typing import Any

import msgspec

from humidor_common.events.customers import RetailerChanged
from humidor_customers.testing.desk import Desk, licence

FULL: dict[str, Any] = {
    "name": "城南便利店",
    "licence_number": "001101200001",
    "licence_valid_from": "2024-03-01",
    "licence_valid_until": "2199-02-28",
    "business_format": "convenience",
    "market_type": "rural",
    "trade_area": "CN-03",
    "sales_line": "L12",
    "compliance_grade": "A",
    "credit_limit_minor": 5_000_000,
    "currency": "CNY",
    "address": "城南路 1 号",
    "contacts": [
        {"name": "王芳", "role": "owner", "phone": "13812345678"},
        {"name": "李强", "email": "li@example.com"},
    ],
    "store_ids": ["S0002", "S0001"],
    "tags": ["sample", "key"],
}


async def test_a_customer_is_registered_once_read_changed_and_told(desk: Desk) -> None:
    headers = {"Idempotency-Key": "new-1"}
    made = await desk.ask("POST", "/v1/retailers", json=FULL, headers=headers, expect=201)
    again = await desk.ask("POST", "/v1/retailers", json=FULL, headers=headers, expect=201)
    assert made == again
    retailer_id = made["retailer_id"]
    found = await desk.get(retailer_id)
    assert found == made
    assert (found["licence_number"], found["licence_state"]) == ("001101200001", "active")
    assert (found["store_ids"], found["tags"]) == (["S0001", "S0002"], ["key", "sample"])
    taken = await desk.ask("POST", "/v1/retailers", json=FULL | {"retailer_id": retailer_id}, expect=409)
    assert taken["code"] == "retailer-exists"
    same = await desk.put(retailer_id, **FULL)
    assert (same["version"], len(await desk.told(RetailerChanged.TYPE))) == (1, 1)
    change = FULL | {"sales_line": "L13", "store_ids": ["S0002"], "reason": "new round"}
    changed = await desk.put(retailer_id, **change)
    assert (changed["version"], changed["sales_line"], changed["store_ids"]) == (2, "L13", ["S0002"])
    assert await desk.trail("retailer", retailer_id) == [("create", None), ("change", "new round")]
    event = msgspec.json.decode((await desk.told(RetailerChanged.TYPE))[-1][1], type=RetailerChanged)
    assert (event.licence_valid_until, event.store_ids, event.version) == ("2199-02-28", ["S0002"], 2)


async def test_neither_events_nor_the_trail_tell_who_the_contacts_are(desk: Desk) -> None:
    await desk.put("C1", **FULL)
    payloads = [payload.decode() for _, payload in await desk.told(RetailerChanged.TYPE)]
    kept = await desk.runtime.pool.fetchval("SELECT string_agg(after::text, '') FROM audit_trail")
    for text in (*payloads, kept):
        for personal in ("王芳", "13812345678", "li@example.com"):
            assert personal not in text
    assert "138****78" in kept


async def test_who_reads_an_old_version_does_not_overwrite_a_new_one(desk: Desk) -> None:
    await desk.put("C1")
    answer = await desk.client.get("/v1/retailers/C1", headers=desk.auth())
    assert answer.headers["etag"] == '"1"'
    path, body = "/v1/retailers/C1", {"name": "New", "licence_number": licence(1)}
    await desk.ask("PUT", path, json=body, headers={"If-Match": '"1"'})
    stale = await desk.ask("PUT", path, json=body | {"name": "X"}, headers={"If-Match": '"1"'}, expect=412)
    assert stale["code"] == "precondition-failed"
    await desk.ask("PUT", "/v1/retailers/C9", json=body, headers={"If-Match": "*"}, expect=412)


async def test_a_licence_belongs_to_one_live_customer(desk: Desk) -> None:
    await desk.put("C1")
    refused = await desk.put("C2", licence_number=licence(1), expect=422)
    assert refused["errors"] == [{"field": "licence_number", "message": "belongs to customer C1"}]
    await desk.put("C1", state="closed")
    await desk.put("C2", licence_number=licence(1))
    back = await desk.put("C1", expect=422)
    assert back["errors"][0]["field"] == "licence_number"
    await desk.put("C1", licence_number=licence(7))


async def test_what_cannot_be_is_refused_naming_the_field(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    for field, value in (
        ("licence_number", "33010210001"),
        ("licence_number", 330102100001),
        ("store_ids", ["S0009"]),
        ("store_ids", ["S0001"]),
        ("parent_id", "C8"),
        ("time_zone", "Mars/Olympus"),
        ("custom", {"shelf": 1}),
        ("credit_limit_minor", 1.5),
        ("colour", "red"),
    ):
        problem = await desk.put("C2", **{field: value}, expect=422)
        assert problem["errors"][0]["field"].split(".")[0].split("[")[0] == field, problem
    for body in (
        {"licence_number": None},
        {"credit_limit_minor": 1},
        {"licence_valid_from": "2026-01-02", "licence_valid_until": "2026-01-01"},
    ):
        await desk.put("C2", **body, expect=422)
    await desk.put("C2", licence_number=None, state="prospect")
    gone = await desk.put("C1", state="prospect", expect=422)
    assert gone["errors"] == [{"field": "state", "message": "does not go from active to prospect"}]
    assert await desk.ids() == ["C1", "C2"]


async def test_the_authority_suspends_a_licence_and_gives_it_back(desk: Desk) -> None:
    await desk.put("C1")
    path = "/v1/retailers/C1/licence-checks"
    check = {"status": "suspended", "source": "monopoly bureau", "reason": "false goods"}
    made = await desk.ask("POST", path, json=check, expect=201)
    assert (made["licence_number"], made["checked_by"], made["source"]) == (
        licence(1),
        "tester",
        "monopoly bureau",
    )
    found = await desk.get("C1")
    assert (found["licence_status"], found["licence_state"], found["version"]) == (
        "suspended",
        "suspended",
        2,
    )
    assert (await desk.trail("retailer", "C1"))[-1] == ("check_licence", "monopoly bureau: false goods")
    forgotten = await desk.put("C1", licence_number=None, state="closed", expect=422)
    assert forgotten["errors"][0]["message"] == "is suspended, which would be forgotten"
    older = {"status": "active", "source": "papers", "checked_at": "2026-01-01T00:00:00Z"}
    await desk.ask("POST", path, json=older, expect=201)
    assert (await desk.get("C1"))["licence_status"] == "suspended"
    await desk.ask("POST", path, json={"status": "active", "source": "bureau"}, expect=201)
    assert (await desk.get("C1"))["licence_state"] == "active"
    listed = await desk.ask("GET", path, params={"limit": "2"})
    assert [each["source"] for each in listed["items"]] == ["bureau", "papers"]
    rest = await desk.ask("GET", path, params={"cursor": listed["next_cursor"]})
    assert [each["status"] for each in rest["items"]] == ["suspended"]
    events = [msgspec.json.decode(p, type=RetailerChanged) for _, p in await desk.told(RetailerChanged.TYPE)]
    assert [each.licence_status for each in events] == ["active", "suspended", "active"]
    wrong = check | {"licence_number": licence(2)}
    assert (await desk.ask("POST", path, json=wrong, expect=422))["errors"][0]["field"] == "licence_number"
    ahead = check | {"checked_at": "2999-01-01T00:00:00Z"}
    assert (await desk.ask("POST", path, json=ahead, expect=422))["errors"][0]["field"] == "checked_at"


async def test_chains_have_shops_and_no_circles(desk: Desk) -> None:
    await desk.put("C1", name="Chain")
    await desk.put("C2", parent_id="C1")
    await desk.put("C3", parent_id="C2")
    refused = await desk.put("C1", parent_id="C3", expect=422)
    assert refused["errors"] == [{"field": "parent_id", "message": "makes a circle: C1 → C3 → C2 → C1"}]
    assert (await desk.put("C2", parent_id="C2", expect=422))["errors"][0]["field"] == "parent_id"
    assert await desk.ids(parent_id="C1") == ["C2"]


async def test_custom_fields_are_defined_checked_searched_and_retired(desk: Desk) -> None:
    shelf = {"label": "Shelf, m", "kind": "number"}
    cabinet = {"label": "Cabinet", "kind": "choice", "choices": ["none", "one"]}
    await desk.ask("PUT", "/v1/custom-fields/shelf", json=shelf, expect=201)
    await desk.ask("PUT", "/v1/custom-fields/cabinet", json=cabinet, expect=201)
    await desk.put("C1", custom={"shelf": 3.5, "cabinet": "one"})
    await desk.put("C2", custom={"shelf": 3})
    wrong = await desk.put("C3", custom={"shelf": "3", "cabinet": "two", "colour": 1}, expect=422)
    assert {each["field"] for each in wrong["errors"]} == {"custom.shelf", "custom.cabinet", "custom.colour"}
    assert await desk.ids(custom="shelf=3.50") == ["C1"]
    assert await desk.ids(custom="cabinet=one") == ["C1"]
    for query in ("shelf=much", "colour=red"):
        await desk.ask("GET", "/v1/retailers", params={"custom": query}, expect=422)
    fixed = await desk.ask("PUT", "/v1/custom-fields/shelf", json=shelf | {"kind": "text"}, expect=409)
    assert fixed["code"] == "kind-fixed"
    fewer = cabinet | {"choices": ["none"]}
    used = await desk.ask("PUT", "/v1/custom-fields/cabinet", json=fewer, expect=409)
    assert used["code"] == "choice-in-use"
    await desk.ask("PUT", "/v1/custom-fields/cabinet", json=cabinet | {"retired": True})
    await desk.put("C1", custom={"shelf": 4, "cabinet": "one"})
    await desk.put("C2", custom={"cabinet": "one"}, expect=422)
    listed = await desk.ask("GET", "/v1/custom-fields")
    assert [each["field"] for each in listed["items"]] == ["cabinet", "shelf"]


async def test_notes_are_kept_and_read_newest_first(desk: Desk) -> None:
    await desk.put("C1")
    for text in ("opens late", "asks for cigars"):
        await desk.ask("POST", "/v1/retailers/C1/notes", json={"text": text}, expect=201)
    listed = await desk.ask("GET", "/v1/retailers/C1/notes", params={"limit": "1"})
    assert [each["text"] for each in listed["items"]] == ["asks for cigars"]
    rest = await desk.ask("GET", "/v1/retailers/C1/notes", params={"cursor": listed["next_cursor"]})
    assert [(each["text"], each["written_by"]) for each in rest["items"]] == [("opens late", "tester")]


async def test_who_may_see_and_change_which_customer_is_checked(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    await desk.put("C2", store_ids=["S0002"])
    bound = desk.auth("manager", stores=["S0001"])
    ask: dict[str, Any] = {"headers": bound}
    listed = await desk.ask("GET", "/v1/retailers", **ask)
    assert [each["retailer_id"] for each in listed["items"]] == ["C1"]
    await desk.ask("GET", "/v1/retailers/C1", **ask)
    await desk.ask("GET", "/v1/retailers/C2", **ask, expect=404)
    await desk.ask("GET", "/v1/retailers/C2/notes", **ask, expect=404)
    await desk.ask("GET", "/v1/retailers?store_id=S0002", **ask, expect=403)
    body = {"name": "x", "licence_number": licence(1)}
    await desk.ask("PUT", "/v1/retailers/C1", json=body, **ask, expect=403)
    await desk.ask("POST", "/v1/retailers/C1/notes", json={"text": "x"}, **ask, expect=201)
    await desk.ask("POST", "/v1/retailers/C2/notes", json={"text": "x"}, **ask, expect=404)
    await desk.ask("PUT", "/v1/custom-fields/a", json={"label": "a", "kind": "text"}, **ask, expect=403)
    clerk: dict[str, Any] = {"headers": desk.auth("clerk")}
    await desk.ask("GET", "/v1/retailers/C2", **clerk)
    await desk.ask("PUT", "/v1/retailers/C1", json=body, **clerk, expect=403)
    check = {"status": "active", "source": "x"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, **clerk, expect=403)
    await desk.ask("GET", "/v1/retailers/C8", expect=404)

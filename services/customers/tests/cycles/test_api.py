"""Groups, cycles and windows, and products with their terms, through HTTP on PostgreSQL."""

from typing import Any

from humidor_common.messaging.rebuild import Digest
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.catalogue.consumers import clear, digest
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import GROUP, gtin, offer, product, tell

CYCLE = {"code": "2026-W49", "starts_on": "2026-11-30", "ends_on": "2026-12-06"}
HAND = {
    "opens_at": "2026-11-29T11:00:00Z",
    "closes_at": "2026-11-30T08:00:00Z",
    "delivery_on": "2026-12-02",
    "reason": "snow",
}


async def test_a_cycle_has_a_window_for_each_group_which_holidays_move(desk: Desk) -> None:
    await desk.ask("PUT", "/v1/order-groups/MON", json=GROUP, expect=201)
    await desk.ask("PUT", "/v1/order-groups/THU", json=GROUP | {"order_weekday": 4}, expect=201)
    await desk.ask("PUT", "/v1/holidays/2026-11-30", json={"name": "Founding day"})
    made = await desk.ask("POST", "/v1/order-cycles", json=CYCLE, expect=201)
    assert made["windows"] == 2
    windows = (await desk.ask("GET", f"/v1/order-cycles/{made['cycle_id']}/windows"))["items"]
    assert [(w["group_code"], w["order_day"], w["moved_from"]) for w in windows] == [
        ("MON", "2026-12-01", "2026-11-30"),
        ("THU", "2026-12-03", None),
    ]
    for wrong, code in (
        (CYCLE | {"starts_on": "2027-01-01", "ends_on": "2027-01-07"}, "cycle-exists"),
        (CYCLE | {"code": "other"}, "cycle-overlaps"),
    ):
        problem = await desk.ask("POST", "/v1/order-cycles", json=wrong, expect=409)
        assert problem["code"] == code
    assert [each["code"] for each in (await desk.ask("GET", "/v1/order-cycles"))["items"]] == ["2026-W49"]
    await desk.ask("GET", "/v1/holidays?limit=1")
    answer = await desk.client.delete("/v1/holidays/2026-11-30", headers=desk.auth())
    assert answer.status_code == 204
    assert await desk.trail("order_cycle", made["cycle_id"]) == [("create", None)]


async def test_two_who_move_a_window_at_once_do_not_overwrite_each_other(desk: Desk) -> None:
    await desk.ask("PUT", "/v1/order-groups/MON", json=GROUP, expect=201)
    made = await desk.ask("POST", "/v1/order-cycles", json=CYCLE, expect=201)
    path = f"/v1/order-cycles/{made['cycle_id']}/windows/MON"
    first = {"If-Match": '"1"'}
    assert (await desk.ask("PUT", path, json=HAND, headers=dict(first)))["version"] == 2
    problem = await desk.ask("PUT", path, json=HAND | {"reason": "ice"}, headers=dict(first), expect=412)
    assert problem["code"] == "precondition-failed"
    for wrong in ({"closes_at": HAND["opens_at"]}, {"closes_at": "2027-03-01T00:00:00Z"}):
        await desk.ask("PUT", path, json=HAND | wrong, expect=422)
    await desk.ask("PUT", f"{path}X", json=HAND, expect=404)
    stale = desk.ask("PUT", "/v1/order-groups/MON", json=GROUP, headers={"If-Match": '"7"'}, expect=412)
    assert (await stale)["code"] == "precondition-failed"


async def test_a_customer_belongs_to_one_group_and_may_have_a_window_of_its_own(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    for code in ("MON", "TUE"):
        body = GROUP | {"order_weekday": 1 if code == "MON" else 2}
        await desk.ask("PUT", f"/v1/order-groups/{code}", json=body, expect=201)
    both: dict[str, Any] = {"retailer_ids": ["C1", "C2"], "reason": "new route"}
    assert await desk.ask("POST", "/v1/order-groups/MON:assign", json=both) == {"assigned": 2, "moved": 0}
    again = {"retailer_ids": ["C2", "C2"]}
    assert await desk.ask("POST", "/v1/order-groups/TUE:assign", json=again) == {"assigned": 1, "moved": 1}
    members = (await desk.ask("GET", "/v1/order-groups/MON/members"))["items"]
    assert [each["retailer_id"] for each in members] == ["C1"]
    unknown = await desk.ask(
        "POST", "/v1/order-groups/MON:assign", json={"retailer_ids": ["C1", "C9"]}, expect=422
    )
    assert unknown["errors"][0]["field"] == "retailer_ids[1]"
    made = await desk.ask("POST", "/v1/order-cycles", json=CYCLE, expect=201)
    await desk.ask("PUT", f"/v1/order-cycles/{made['cycle_id']}/exceptions/C1", json=HAND, expect=201)
    windows = (await desk.ask("GET", "/v1/retailers/C1/order-windows"))["items"]
    assert [(w["own"], w["closes_at"], w["supply_store_id"]) for w in windows] == [
        (True, HAND["closes_at"], "S0004")
    ]
    (plain,) = (await desk.ask("GET", "/v1/retailers/C2/order-windows"))["items"]
    assert plain["own"] is False
    stranger = desk.auth("manager", stores=["S0001"])
    await desk.ask("GET", "/v1/retailers/C1/order-windows", headers=dict(stranger), expect=404)
    await desk.ask("PUT", "/v1/order-groups/MON", json=GROUP, headers=dict(stranger), expect=403)


async def test_products_are_told_by_inventory_and_offered_here(desk: Desk) -> None:
    await offer(desk, 1)
    await tell(desk, PRODUCTS, product(1, version=3, name="Newer"), product(1, version=2, name="Older"))
    view = await desk.ask("GET", f"/v1/catalogue/{gtin(1)}")
    assert (view["name"], view["wholesale_minor_per_carton"], view["price_segment"]) == (
        "Newer",
        10_000,
        "mid",
    )
    path = f"/v1/catalogue/{gtin(1)}/offer"
    body = {"wholesale_minor_per_carton": 11_000, "currency": "CNY", "reason": "new list"}
    assert (await desk.ask("PUT", path, json=body))["price_segment"] == "class-2"
    await desk.ask("PUT", path, json=body, headers={"If-Match": '"1"'}, expect=412)
    await desk.ask("PUT", f"/v1/catalogue/{gtin(9)}/offer", json=body, expect=404)
    assert await desk.trail("offer", gtin(1)) == [("create", None), ("change", "new list")]
    found = await desk.ask("GET", "/v1/catalogue", params={"price_segment": "class-2"})
    assert [each["gtin"] for each in found["items"]] == [gtin(1)]

    async def look() -> Digest:
        async with desk.runtime.pool.acquire() as conn:
            return await digest(conn)

    before = await look()
    async with desk.runtime.pool.acquire() as conn:
        await clear(conn)
    await tell(desk, PRODUCTS, product(1, version=3, name="Newer"))
    assert await look() == before

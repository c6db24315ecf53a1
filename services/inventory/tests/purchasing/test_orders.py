"""Orders made by hand: prices, limits, four eyes, amendments and what remains of them."""

from typing import Any

from humidor_inventory.testing.shop import STORE, make_gtin


async def test_an_order_takes_the_price_of_its_quantity_and_is_on_order_at_once(supplied: Any) -> None:
    order = await supplied.order(10)
    assert (order["state"], order["value_minor"], order["currency"]) == ("placed", 180_000, "CNY")
    assert order["lines"][0]["price_source"] == "price_list"
    assert (await supplied.order(50))["value_minor"] == 50 * 17_000
    assert (await supplied.shop.stock(supplied.gtin, unit="carton"))["on_order"] == 60
    expected = await supplied.shop.ask("GET", f"/v1/expected-arrivals?store_id={STORE}")
    assert [each["lines"][0]["outstanding_sticks"] for each in expected["items"]] == [2000, 10_000]
    (day,) = (await supplied.shop.ask("GET", "/v1/expected-arrivals/calendar"))["items"]
    assert (day["day"], day["orders"], day["outstanding_sticks"]) == (order["due_on"], 2, 12_000)
    first = await supplied.shop.ask("GET", "/v1/expected-arrivals?limit=1")
    second = await supplied.shop.ask("GET", f"/v1/expected-arrivals?cursor={first['next_cursor']}")
    assert [each["purchase_order_id"] for each in first["items"]] == [order["purchase_order_id"]]
    assert len(second["items"]) == 1
    await supplied.shop.check()


async def test_an_order_beyond_the_limit_waits_for_somebody_who_may(supplied: Any) -> None:
    shop = supplied.shop
    limits = {"limits": {"manager": 200_000}, "four_eyes_minor": 500_000}
    await shop.ask("PUT", "/v1/approval-limits/CNY", json=limits, expect=201)
    await shop.ask("PUT", "/v1/approval-limits/CNY", json=limits, headers=shop.auth("manager"), expect=403)
    wrong = {"limits": {"emperor": 1}}
    await shop.ask("PUT", "/v1/approval-limits/EUR", json=wrong, expect=422)
    manager = shop.auth("manager", stores=[STORE])
    small = await supplied.order(11, headers=manager)
    assert small["state"] == "placed"
    large = await supplied.order(12, headers=manager)
    assert (large["state"], large["placed_at"]) == ("pending_approval", None)
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 11
    problem = await supplied.act(large, "approve", headers=manager, expect=403)
    assert problem["code"] == "approval-limit"
    approved = await supplied.act(large, "approve")
    assert approved["state"] == "placed"
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 23
    own = await supplied.order(30)
    assert own["state"] == "pending_approval"
    assert (await supplied.act(own, "approve", expect=403))["code"] == "four-eyes"
    other = shop.auth("admin", subject="another")
    assert (await supplied.act(own, "approve", headers=other))["state"] == "placed"
    refused = await supplied.order(30)
    rejected = await supplied.act(refused, "reject", {"reason": "no budget"})
    assert (rejected["state"], rejected["closed_reason"]) == ("rejected", "no budget")
    await supplied.act(refused, "approve", headers=other, expect=409)
    assert await shop.outbox("inventory.purchase-order-placed.v1") == 3
    await shop.check()


async def test_an_order_whose_value_nobody_knows_is_beyond_every_limit(supplied: Any) -> None:
    shop, unpriced = supplied.shop, make_gtin(7)
    await shop.put_product(unpriced, supplier_id="V1")
    await shop.ask("PUT", "/v1/approval-limits/CNY", json={"limits": {"manager": 10**9}}, expect=201)
    lines = [{"gtin": unpriced, "quantity": 1}]
    order = await supplied.order(lines=lines, headers=shop.auth("manager"))
    assert (order["state"], order["value_minor"]) == ("pending_approval", None)


async def test_a_suggestion_is_approved_within_the_limit_only(supplied: Any) -> None:
    shop = supplied.shop
    await shop.ask("PUT", "/v1/approval-limits/CNY", json={"limits": {"manager": 10_000}}, expect=201)
    level = {"reorder_point": 10, "order_up_to": 40}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{supplied.gtin}", json=level, expect=201)
    (suggested,) = (await shop.ask("GET", "/v1/replenishments?state=open"))["items"]
    path = f"/v1/replenishments/{suggested['replenishment_id']}:approve"
    assert (await shop.ask("POST", path, headers=shop.auth("manager"), expect=403))[
        "code"
    ] == "approval-limit"
    approved = await shop.ask("POST", path)
    order = await supplied.read(approved)
    assert (order["origin"], order["value_minor"]) == ("suggestion", 4 * 18_000)


async def test_a_draft_is_priced_when_it_is_placed(supplied: Any) -> None:
    shop = supplied.shop
    draft = await supplied.order(10, submit=False)
    assert (draft["state"], draft["due_on"]) == ("draft", None)
    assert (await shop.stock(supplied.gtin)) is None
    price = {
        "gtin": supplied.gtin,
        "valid_from": "2026-02-01",
        "currency": "CNY",
        "steps": [{"price_minor": 20_000}],
    }
    await shop.ask("PUT", "/v1/suppliers/V1/prices", json={"prices": [price]})
    placed = await supplied.act(draft, "submit")
    assert (placed["state"], placed["value_minor"]) == ("placed", 200_000)
    assert placed["due_on"] is not None
    await supplied.act(draft, "submit", expect=409)
    dropped = await supplied.order(10, submit=False)
    assert (await supplied.act(dropped, "cancel", {"reason": "not needed"}))["state"] == "cancelled"
    assert await shop.outbox("inventory.purchase-order-closed.v1") == 0
    await shop.check()


async def test_an_amendment_moves_what_is_on_order_and_keeps_its_history(supplied: Any) -> None:
    shop, other = supplied.shop, make_gtin(2)
    await shop.put_product(other, supplier_id="V1")
    order = await supplied.order(10)
    lines = [
        {"gtin": supplied.gtin, "quantity": 4},
        {"gtin": other, "quantity": 2},
    ]
    body = {"reason": "the shop closes", "expected_on": "2027-01-04", "lines": lines}
    stale = shop.auth() | {"If-Match": '"9"'}
    await supplied.act(order, "amend", body, headers=stale, expect=412)
    amended = await supplied.act(order, "amend", body, headers=shop.auth() | {"If-Match": '"1"'})
    assert (amended["due_on"], amended["version"], amended["value_minor"]) == ("2027-01-04", 2, None)
    assert [line["ordered_sticks"] for line in amended["lines"]] == [800, 400]
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 4
    assert (await shop.stock(other, unit="carton"))["on_order"] == 2
    path = f"/v1/purchase-orders/{order['purchase_order_id']}/history"
    steps = (await shop.ask("GET", path))["items"]
    assert [(step["action"], step["reason"]) for step in steps] == [
        ("place", None),
        ("amend", "the shop closes"),
    ]
    assert steps[1]["changes"]["lines"][supplied.gtin] == [2000, 800]
    for bad, field in (
        ({"reason": "x", "lines": [{"gtin": make_gtin(9), "quantity": 1}]}, "lines[0].gtin"),
        ({"reason": "x"}, "body"),
        ({"reason": "x", "lines": [{"gtin": g, "quantity": 0} for g in (supplied.gtin, other)]}, "lines"),
    ):
        problem = await supplied.act(order, "amend", bad, expect=422)
        assert problem["errors"][0]["field"] == field
    assert await shop.outbox("inventory.purchase-order-amended.v1") == 1
    await shop.check()


async def test_a_cancelled_order_gives_up_what_has_not_come(supplied: Any) -> None:
    shop = supplied.shop
    order = await supplied.order(10)
    await shop.receive((supplied.gtin, 30, "A"), purchase_order_id=order["purchase_order_id"])
    cancelled = await supplied.act(order, "cancel", {"reason": "moved to another supplier"})
    assert cancelled["state"] == "cancelled"
    assert (await shop.stock(supplied.gtin))["on_order"] == 0
    assert (await supplied.act(order, "cancel", {"reason": "x"}, expect=409))[
        "code"
    ] == "purchase-order-closed"
    assert await shop.outbox("inventory.purchase-order-closed.v1") == 1
    await shop.check()


async def test_bad_orders_are_refused_by_field_and_stores_are_kept_apart(supplied: Any) -> None:
    shop, gtin = supplied.shop, supplied.gtin
    for changes, field in (
        ({"supplier_id": "V9"}, "supplier_id"),
        ({"store_id": "S0404"}, "store_id"),
        ({"lines": [{"gtin": make_gtin(99), "quantity": 1}]}, "lines[0].gtin"),
        ({"lines": [{"gtin": gtin, "quantity": 10**9, "unit": "case"}]}, "lines[0].quantity"),
        ({"lines": []}, "lines"),
    ):
        problem = await supplied.order(expect=422, **changes)
        assert problem["errors"][0]["field"] == field
    inactive = {"name": "Harbour Tobacco", "status": "inactive"}
    await shop.ask("PUT", "/v1/suppliers/V2", json=inactive, expect=201)
    assert (await supplied.order(supplier_id="V2", expect=422))["errors"][0]["field"] == "supplier_id"
    order = await supplied.order()
    stranger = shop.auth("manager", stores=["S0002"])
    await supplied.order(headers=stranger, expect=403)
    path = f"/v1/purchase-orders/{order['purchase_order_id']}"
    for other in (path, f"{path}/history"):
        await shop.ask("GET", other, headers=stranger, expect=404)
    for action in ("submit", "approve", "accept"):
        await supplied.act(order, action, headers=stranger, expect=404)
    for action in ("cancel", "reject", "decline"):
        await supplied.act(order, action, {"reason": "x"}, headers=stranger, expect=404)
    assert (await shop.ask("GET", "/v1/purchase-orders", headers=stranger))["items"] == []
    assert (await shop.ask("GET", "/v1/expected-arrivals", headers=stranger))["items"] == []
    assert len((await shop.ask("GET", "/v1/purchase-orders?supplier_id=V1&state=placed"))["items"]) == 1
    await supplied.order(headers=shop.auth("clerk"), expect=403)


async def test_the_same_key_orders_once(supplied: Any) -> None:
    headers = supplied.shop.auth() | {"Idempotency-Key": "order-1"}
    first = await supplied.order(headers=headers)
    assert first == await supplied.order(headers=headers)
    assert (await supplied.shop.stock(supplied.gtin, unit="carton"))["on_order"] == 10

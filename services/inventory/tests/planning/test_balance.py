"""Plans under limits: supply shared among stores, goods moved instead of bought, minimum orders, caps."""

from datetime import date, timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_inventory.testing.planning import Planner, codes
from humidor_inventory.testing.shop import STORE, make_gtin

OTHERS = ("S0002", "S0003")


def window(**supply: Any) -> dict[str, Any]:
    today = utc_now().date()
    days = {"valid_from": today.isoformat(), "valid_until": (today + timedelta(days=3)).isoformat()}
    return {"unit": "pack"} | days | supply


async def three_stores(planner: Planner, gtin: str, *up_to: int) -> None:
    for store_id in OTHERS:
        await planner.store(store_id)
    for store_id, level in zip((STORE, *OTHERS), up_to, strict=True):
        await planner.level(gtin, store_id=store_id, reorder_point=5, order_up_to=level)


async def test_limited_supply_is_shared_by_its_rule_and_each_shortfall_explained(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await three_stores(planner, gtin, 20, 40, 60)
    path = f"/v1/supply/{gtin}"
    for rule, expected in (("proportional", (10, 20, 30)), ("max_min", (20, 20, 20))):
        await planner.put(path, window(quantity=60, rule=rule))
        lines = await planner.lines(await planner.plan())
        assert tuple(lines[s, gtin]["order_sticks"] // 20 for s in (STORE, *OTHERS)) == expected
    await planner.put("/v1/stores/S0003/supply-priority", {"priority": 1})
    await planner.put(path, window(quantity=60, rule="priority"))
    plan = await planner.plan()
    lines = await planner.lines(plan)
    assert [lines[s, gtin]["state"] for s in (STORE, *OTHERS)] == ["short", "short", "order"]
    assert lines[STORE, gtin]["reasons"][-1] == {
        "code": "limited_supply",
        "rule": "priority",
        "supply_sticks": 1200,
        "asked_by_all_sticks": 2400,
        "asked_sticks": 400,
        "given_sticks": 0,
        "priority": 100,
    }
    assert plan["summary"]["shortfall_sticks"] == 60 * 20
    assert (await planner.approve(plan))["lines"] == 1
    view = await planner.shop.ask("GET", path)
    assert (view["ordered_sticks"], view["left_sticks"]) == (1200, 0)
    assert (await planner.plan())["summary"]["orders"] == 0


async def test_two_plans_of_one_supply_never_order_more_than_there_is(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await three_stores(planner, gtin, 20, 40, 60)
    await planner.put(f"/v1/supply/{gtin}", window(quantity=60, rule="max_min"))
    one = await planner.plan(store_ids=[STORE, "S0002"])
    two = await planner.plan(store_ids=["S0003"])
    await planner.approve(one)
    await planner.approve(two)
    (dropped,) = (await planner.lines(two)).values()
    assert (dropped["state"], codes(dropped)[-1]) == ("dropped", "supply_used_up")
    assert sum(order[2][gtin] for order in await planner.orders()) == 60


async def test_surplus_moves_where_that_is_cheaper_and_only_the_rest_is_bought(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    shop = planner.shop
    await planner.store("W0001", kind="warehouse")
    await planner.store("S0002")
    for store_id, packs in (("W0001", 25), ("S0002", 95)):
        stock = {"gtin": gtin, "quantity": packs, "lot": "L", "expiry_date": "2099-01-01"}
        await shop.ask("POST", "/v1/receipts", json={"store_id": store_id, "lines": [stock]}, expect=201)
    await planner.level(gtin)
    await planner.level(gtin, store_id="S0002")
    await planner.put("/v1/suppliers/CTC/order-cycle", {"delivery_minor_per_carton": 500})
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100, "fixed_minor": 50})
    await planner.put(f"/v1/lanes/S0002/{STORE}", {"minor_per_carton": 200, "fixed_minor": 1000})
    plan = await planner.plan()
    (move,) = await planner.transfers(plan)
    assert (move["from_store_id"], move["quantity_sticks"], move["cost_minor"], move["instead_minor"]) == (
        "W0001",
        400,
        200,
        1000,
    )
    assert move["reasons"][0]["method"] == "optimal"
    lines = await planner.lines(plan)
    line = lines[STORE, gtin]
    assert (line["need_sticks"], line["transfer_sticks"], line["order_sticks"]) == (1200, 400, 800)
    assert lines["W0001", gtin]["transfer_sticks"] == -400
    done = await planner.approve(plan, dispatch_transfers=True)
    assert (done["lines"], done["transfers"]) == (1, 1)
    assert await planner.orders() == [(STORE, "CTC", {gtin: 40})]
    stock = await shop.stock(gtin)
    assert (stock["on_order"], stock["available"]) == (60, 60)
    assert (await shop.stock(gtin, store_id="W0001"))["on_hand"] == 5
    assert (await planner.transfers(plan))[0]["state"] == "created"
    assert await planner.suggestions(gtin) == []


async def test_what_is_planned_to_move_is_neither_bought_nor_moved_again(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await planner.store("W0001", kind="warehouse")
    stock = {"gtin": gtin, "quantity": 60, "lot": "L"}
    body = {"store_id": "W0001", "lines": [stock]}
    await planner.shop.ask("POST", "/v1/receipts", json=body, expect=201)
    await planner.level(gtin)
    await planner.put("/v1/suppliers/CTC/order-cycle", {"delivery_minor_per_carton": 500})
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100})
    first = await planner.plan()
    await planner.approve(first)
    assert [each["state"] for each in await planner.transfers(first)] == ["created"]
    assert (await planner.shop.stock(gtin))["on_order"] == 0
    second = await planner.plan()
    assert await planner.transfers(second) == []
    assert second["summary"]["orders"] == 0


async def test_a_transfer_whose_goods_are_gone_is_dropped_and_says_so(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await planner.store("W0001", kind="warehouse")
    body = {"store_id": "W0001", "lines": [{"gtin": gtin, "quantity": 60, "lot": "L"}]}
    await planner.shop.ask("POST", "/v1/receipts", json=body, expect=201)
    await planner.level(gtin)
    await planner.put("/v1/suppliers/CTC/order-cycle", {"delivery_minor_per_carton": 500})
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100})
    plan = await planner.plan()
    gone = {"store_id": "W0001", "gtin": gtin, "quantity": -55, "reason_code": "damage", "lot": "L"}
    await planner.shop.ask("POST", "/v1/adjustments", json=gone, expect=201)
    await planner.approve(plan, dispatch_transfers=True)
    (move,) = await planner.transfers(plan)
    assert (move["state"], codes(move)[-1]) == ("dropped", "not-enough-stock")


async def test_scarce_goods_move_even_where_moving_is_dearer_than_buying(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await planner.store("W0001", kind="warehouse")
    body = {"store_id": "W0001", "lines": [{"gtin": gtin, "quantity": 30, "lot": "L"}]}
    await planner.shop.ask("POST", "/v1/receipts", json=body, expect=201)
    await planner.level(gtin)
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 900})
    assert await planner.transfers(await planner.plan()) == []
    await planner.put(f"/v1/supply/{gtin}", window(quantity=20))
    plan = await planner.plan()
    assert [move["quantity_sticks"] for move in await planner.transfers(plan)] == [600]
    line = (await planner.lines(plan))[STORE, gtin]
    assert (line["transfer_sticks"], line["order_sticks"], line["shortfall_sticks"]) == (600, 400, 200)
    assert await planner.transfers(await planner.plan(transfers=False)) == []


async def test_a_small_order_is_topped_up_with_what_is_needed_soonest_or_waits(
    planner: Planner, gtins: list[str]
) -> None:
    needed, soon, later, _ = gtins
    await planner.shop.receive((soon, 24, "A"), (later, 55, "A"))
    await planner.level(needed, demand_per_day=4)
    await planner.level(soon, demand_per_day=4)
    await planner.level(later, demand_per_day=4)
    # 60 packs of 20 yuan are 1,200 yuan, another carton each 200.
    await planner.supplier("CTC", minimum_value_minor=150_000, top_up_days=14)
    plan = await planner.plan()
    lines = await planner.lines(plan)
    assert {gtin: each["order_sticks"] // 20 for (_, gtin), each in lines.items()} == {needed: 60, soon: 20}
    assert lines[STORE, soon]["reasons"] == [
        {"code": "topped_up", "added_sticks": 400, "days_until_needed": 1.0}
    ]
    await planner.approve(plan)
    assert await planner.orders() == [(STORE, "CTC", {needed: 60, soon: 20})]

    today = date.fromisoformat(plan["day"])
    weekday = today.isoweekday() % 7 + 1
    await planner.supplier("CTC", order_weekdays=[weekday])
    await planner.shop.put_product(other := make_gtin(9), supplier_id="CTC")
    await planner.level(other)
    waiting = await planner.plan()
    line = (await planner.lines(waiting))[STORE, other]
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert (line["state"], line["order_sticks"]) == ("postponed", 0)
    assert line["reasons"][-1] == {"code": "not_an_order_day", "until": tomorrow, "postponed_sticks": 1200}
    assert (await planner.approve(waiting))["lines"] == 0
    assert (await planner.plan(day=tomorrow))["summary"]["orders"] == 1


async def test_a_minimum_value_counts_prices_of_its_own_currency_only(
    planner: Planner, gtins: list[str]
) -> None:
    """A supplier of yuan: 60 packs at 20 yuan are 1,200; what is listed in euros adds nothing to it."""
    body = {"name": "CTC", "currency": "CNY"}
    await planner.put("/v1/suppliers/CTC", body)
    await planner.put("/v1/suppliers/CTC/order-cycle", {"minimum_value_minor": 150_000})
    price = {"gtin": gtins[1], "valid_from": "2026-02-01", "currency": "EUR", "unit": "carton"}
    await planner.put("/v1/suppliers/CTC/prices", {"prices": [price | {"steps": [{"price_minor": 90_000}]}]})
    for gtin in gtins[:2]:
        await planner.level(gtin)
    lines = await planner.lines(await planner.plan())
    assert {line["state"] for line in lines.values()} == {"postponed"}
    await planner.level(gtins[2])
    lines = await planner.lines(await planner.plan())
    assert {line["state"] for line in lines.values()} == {"order"}


async def test_a_warehouse_without_levels_lacks_nothing_though_more_is_to_leave_than_lies_there(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await planner.store("W0001", kind="warehouse")
    body = {"store_id": "W0001", "lines": [{"gtin": gtin, "quantity": 10, "lot": "L"}]}
    await planner.shop.ask("POST", "/v1/receipts", json=body, expect=201)
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100})
    line = {"gtin": gtin, "quantity": 20, "unit": "pack"}
    transfer = {"from_store_id": "W0001", "to_store_id": STORE, "lines": [line]}
    await planner.shop.ask("POST", "/v1/transfers", json=transfer, expect=201)
    assert (await planner.plan())["summary"]["lines"] == 0


async def test_reviews_fall_on_their_days_and_caps_cut_what_is_ordered(
    planner: Planner, gtins: list[str]
) -> None:
    weekly, capped, spent, _ = gtins
    await planner.level(weekly, review_days=7)
    await planner.level(capped, supply_cap=35)
    await planner.level(spent, supply_cap=60, cap_days=7)
    (suggested,) = await planner.suggestions(spent)
    await planner.shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    await planner.level(spent, supply_cap=70, cap_days=7, order_up_to=120, reorder_point=70)
    monday = date(2026, 11, 23)
    for day, due in ((monday, True), (monday + timedelta(days=1), False)):
        lines = await planner.lines(await planner.plan(day=day.isoformat()))
        assert ((STORE, weekly) in lines) is due
    line = lines[STORE, capped]
    assert (line["need_sticks"], line["order_sticks"], line["shortfall_sticks"]) == (1200, 600, 600)
    assert line["reasons"][-1] == {"code": "supply_cap", "shortfall_sticks": 600}
    line = lines[STORE, spent]
    assert (line["inputs"]["ordered_in_period_sticks"], line["order_sticks"] // 20) == (1200, 10)

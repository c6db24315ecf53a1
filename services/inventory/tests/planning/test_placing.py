"""What becomes of an approved plan when the world has moved on since it was calculated."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_inventory.planning.placing import place_piece
from humidor_inventory.testing.planning import Planner, codes
from humidor_inventory.testing.shop import STORE


async def warehouse(planner: Planner, *gtins: str, packs: int = 60) -> None:
    """A warehouse with so many packs of each, from which moving a carton is cheaper than buying it."""
    await planner.store("W0001", kind="warehouse")
    lines = [{"gtin": gtin, "quantity": packs, "lot": "L"} for gtin in gtins]
    await planner.shop.ask("POST", "/v1/receipts", json={"store_id": "W0001", "lines": lines}, expect=201)


async def cheap_lane(planner: Planner) -> None:
    await planner.put("/v1/suppliers/CTC/order-cycle", {"delivery_minor_per_carton": 500})
    await planner.put(f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100})


async def transfer(planner: Planner, gtin: str, packs: int) -> str:
    """Plan a transfer from the warehouse by hand."""
    body = {
        "from_store_id": "W0001",
        "to_store_id": STORE,
        "lines": [{"gtin": gtin, "quantity": packs, "unit": "pack"}],
    }
    made = await planner.shop.ask("POST", "/v1/transfers", json=body, expect=201)
    return f"/v1/transfers/{made['transfer_id']}"


async def test_what_the_plan_knew_to_be_coming_is_no_rise_when_it_leaves(
    planner: Planner, gtins: list[str]
) -> None:
    await warehouse(planner, gtins[0])
    await planner.level(gtins[0])
    path = await transfer(planner, gtins[0], 20)
    plan = await planner.plan()
    await planner.shop.ask("POST", f"{path}:dispatch")
    await planner.approve(plan)
    assert await planner.orders() == [(STORE, "CTC", {gtins[0]: 40})]


async def test_a_rise_that_leaves_stock_low_drops_nothing_that_is_still_needed(
    planner: Planner, gtins: list[str]
) -> None:
    few, most, under, _ = gtins
    for gtin in (few, most):
        await planner.level(gtin)
    await planner.level(under, minimum_order=30)
    plan = await planner.plan()
    await planner.shop.receive((few, 1, "A"), (most, 20, "A"), (under, 40, "A"))
    await planner.approve(plan)
    lines = await planner.lines(plan)
    found = [lines[STORE, gtin]["order_sticks"] // 20 for gtin in (few, most, under)]
    assert found == [60, 40, 0], "20 more would be less than the minimum of 30"
    assert codes(lines[STORE, under])[-1] == "position_rose"


async def test_a_transfer_that_was_called_off_hides_no_rise(planner: Planner, gtins: list[str]) -> None:
    gtin = gtins[0]
    await warehouse(planner, gtin, packs=20)
    await planner.level(gtin)
    await cheap_lane(planner)
    plan = await planner.plan()
    await planner.shop.ask("POST", f"/v1/plans/{plan['plan_id']}:approve", json={})
    assert await place_piece(planner.shop.runtime.pool)
    (made,) = await planner.transfers(plan)
    path = f"/v1/transfers/{made['transfer_id']}"
    await planner.shop.ask("POST", f"{path}:cancel", json={"reason": "the van is broken"})
    await planner.shop.receive((gtin, 40, "A"))
    while await place_piece(planner.shop.runtime.pool):
        pass
    assert await planner.orders() == []


async def test_more_products_than_a_transfer_holds_go_by_several(
    planner: Planner, gtins: list[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("humidor_inventory.planning.placing.LINES_A_TRANSFER", 2)
    await warehouse(planner, *gtins[:3])
    for gtin in gtins[:3]:
        await planner.level(gtin)
    await cheap_lane(planner)
    plan = await planner.plan()
    assert (await planner.approve(plan))["transfers"] == 3
    found = (await planner.shop.ask("GET", "/v1/transfers"))["items"]
    assert sorted(len(each["lines"]) for each in found) == [1, 2]
    assert {each["state"] for each in await planner.transfers(plan)} == {"created"}


async def test_each_approval_says_by_itself_whether_its_goods_leave_at_once(
    planner: Planner, gtins: list[str]
) -> None:
    await warehouse(planner, *gtins[:2])
    for gtin in gtins[:2]:
        await planner.level(gtin)
    await cheap_lane(planner)
    plan = await planner.plan()
    for gtin, dispatch in zip(gtins[:2], (True, False), strict=True):
        body = {"lines": [{"store_id": STORE, "gtin": gtin}], "dispatch_transfers": dispatch}
        await planner.shop.ask("POST", f"/v1/plans/{plan['plan_id']}:approve", json=body)
    while await place_piece(planner.shop.runtime.pool):
        pass
    found = (await planner.shop.ask("GET", "/v1/transfers"))["items"]
    assert sorted(each["state"] for each in found) == ["dispatched", "planned"]


async def test_two_plans_of_one_need_order_it_once(planner: Planner, gtins: list[str]) -> None:
    for gtin in gtins[:2]:
        await planner.level(gtin)
    one, two = await planner.plan(), await planner.plan()
    for plan in (one, two):
        await planner.shop.ask("POST", f"/v1/plans/{plan['plan_id']}:approve", json={})
    while await place_piece(planner.shop.runtime.pool):
        pass
    assert await planner.orders() == [(STORE, "CTC", dict.fromkeys(gtins[:2], 60))]
    assert {line["state"] for line in (await planner.lines(two)).values()} == {"dropped"}


async def test_a_supply_holds_on_the_days_of_the_store_that_orders(
    planner: Planner, gtins: list[str]
) -> None:
    """In one of these zones it is another day than at Greenwich now."""
    gtin, now = gtins[0], utc_now()
    ahead = now.hour >= 10
    zone = "Pacific/Kiritimati" if ahead else "Pacific/Pago_Pago"
    day = (now.date() + timedelta(days=1 if ahead else -1)).isoformat()
    for store_id in ("S0002", "S0003"):
        await planner.store(store_id, time_zone=zone)
        await planner.level(gtin, store_id=store_id)
    supply = {"quantity": 90, "unit": "pack", "valid_from": day, "valid_until": day}
    await planner.put(f"/v1/supply/{gtin}", supply)
    one = await planner.plan(store_ids=["S0002"])
    two = await planner.plan(store_ids=["S0003"])
    assert (one["day"], two["day"]) == (day, day)
    await planner.approve(one)
    await planner.approve(two)
    assert sorted(order[2][gtin] for order in await planner.orders()) == [30, 60]
    assert (await planner.shop.ask("GET", f"/v1/supply/{gtin}"))["left_sticks"] == 0


async def test_what_waits_for_an_approval_is_promised_to_nobody_else(
    planner: Planner, gtins: list[str]
) -> None:
    gtin = gtins[0]
    await planner.put("/v1/approval-limits/CNY", {"limits": {"manager": 1}})
    await planner.store("S0002")
    day = utc_now().date()
    window = {"valid_from": day.isoformat(), "valid_until": (day + timedelta(days=1)).isoformat()}
    await planner.put(f"/v1/supply/{gtin}", {"quantity": 60, "unit": "pack"} | window)
    await planner.level(gtin, supply_cap=60, cap_days=7)
    manager = planner.shop.auth("manager", subject="ma")
    plan = await planner.plan(store_ids=[STORE])
    path = f"/v1/plans/{plan['plan_id']}:approve"
    await planner.shop.ask("POST", path, json={}, headers=manager)
    while await place_piece(planner.shop.runtime.pool):
        pass
    (order,) = (await planner.shop.ask("GET", "/v1/purchase-orders"))["items"]
    assert order["state"] == "pending_approval"
    assert (await planner.shop.ask("GET", f"/v1/supply/{gtin}"))["left_sticks"] == 0
    await planner.level(gtin, supply_cap=60, cap_days=7, reorder_point=70, order_up_to=90)
    (line,) = (await planner.lines(await planner.plan(store_ids=[STORE]))).values()
    assert (line["state"], line["inputs"]["ordered_in_period_sticks"]) == ("short", 1200)
    (suggested,) = await planner.suggestions(gtin)
    said: Any = await planner.shop.ask(
        "POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve", expect=409
    )
    assert said["code"] == "order-waits-for-approval"

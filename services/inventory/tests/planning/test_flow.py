"""From need to placed orders: what a plan takes in, joins, and what becomes of it when it is approved."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from humidor_common.db.transaction import transaction
from humidor_inventory.planning.calculating import calculate_piece
from humidor_inventory.planning.placing import place_piece
from humidor_inventory.testing.planning import Planner, codes
from humidor_inventory.testing.shop import STORE, line, sale


async def test_two_products_of_a_supplier_are_joined_into_one_order(
    planner: Planner, gtins: list[str]
) -> None:
    first, second, enough, _ = gtins
    await planner.shop.receive((first, 5, "A"), (second, 10, "A"), (enough, 50, "A"))
    for gtin in (first, second, enough):
        await planner.level(gtin)
    (suggested,) = await planner.suggestions(first)
    plan = await planner.plan()
    assert (plan["state"], plan["stores_done"], plan["series"]) == ("calculated", 1, 3)
    assert plan["summary"] == {
        "lines": 2,
        "orders": 1,
        "order_sticks": 110 * 20,
        "transfer_sticks": 0,
        "shortfall_sticks": 0,
        "postponed_lines": 0,
        "short_lines": 0,
    }
    lines = await planner.lines(plan)
    assert {gtin: each["order_sticks"] // 20 for (_, gtin), each in lines.items()} == {first: 60, second: 50}
    assert lines[STORE, first]["inputs"]["reorder_point_sticks"] == 400
    assert await planner.orders() == []

    done = await planner.approve(plan)
    assert (done["lines"], done["transfers"]) == (2, 0)
    assert await planner.orders() == [(STORE, "CTC", {first: 60, second: 50})]
    lines = await planner.lines(plan, state="ordered")
    assert {each["purchase_order_id"] for each in lines.values()} != {None}
    assert await planner.suggestions(first) == []
    answered = await planner.shop.ask("GET", f"/v1/replenishments/{suggested['replenishment_id']}")
    assert (answered["state"], answered["purchase_order_id"]) == (
        "approved",
        lines[STORE, first]["purchase_order_id"],
    )
    assert (await planner.shop.stock(first))["available"] == 65
    assert await planner.shop.outbox("inventory.purchase-order-placed.v1") == 1
    assert (await planner.approve(plan))["lines"] == 0
    assert len(await planner.orders()) == 1
    await planner.shop.check()


async def test_what_was_ordered_meanwhile_is_not_ordered_again(planner: Planner, gtins: list[str]) -> None:
    first, second, third, _ = gtins
    for gtin in (first, second, third):
        await planner.level(gtin)
    plan = await planner.plan()
    (suggested,) = await planner.suggestions(first)
    await planner.shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    await planner.shop.receive((second, 25, "A"))
    await planner.shop.deliver(sale(line(third, 7)))
    await planner.approve(plan)
    lines = await planner.lines(plan)
    states = [(lines[STORE, gtin]["state"], lines[STORE, gtin]["order_sticks"] // 20) for gtin in gtins[:3]]
    assert states == [("dropped", 0), ("ordered", 30), ("ordered", 60)]
    assert codes(lines[STORE, first]) == ["below_reorder_point", "position_rose"]
    assert sorted(order[2].items() for order in await planner.orders()) == sorted(
        [{first: 60}.items(), {second: 30, third: 60}.items()]
    )
    await planner.shop.check()


async def test_a_sale_and_a_plan_at_the_same_moment_order_once(planner: Planner, gtins: list[str]) -> None:
    """The level orders by itself after each sale, while a plan of the same need is being placed."""
    gtin = gtins[0]
    await planner.shop.receive((gtin, 20, "A"))
    await planner.level(gtin)
    plan = await planner.plan()
    await planner.level(gtin, auto_approve=True, reorder_point=5)
    await planner.shop.ask("POST", f"/v1/plans/{plan['plan_id']}:approve", json={})
    pool = planner.shop.runtime.pool
    await asyncio.gather(
        *(planner.shop.deliver(sale(line(gtin, 4))) for _ in range(4)), *(place_piece(pool) for _ in range(3))
    )
    while await place_piece(pool):
        pass
    stock = await planner.shop.stock(gtin)
    assert stock["on_order"] in {40, 60}
    assert stock["on_order"] == sum(order[2][gtin] for order in await planner.orders())
    assert len(await planner.orders()) == 1
    await planner.shop.check()


async def test_suppliers_stores_and_lines_are_approved_by_themselves(
    planner: Planner, gtins: list[str]
) -> None:
    _, second, _, other = gtins
    await planner.supplier("OTHER")
    await planner.shop.put_product(other, supplier_id="OTHER")
    await planner.store("S0002")
    for store_id in (STORE, "S0002"):
        for gtin in gtins:
            await planner.level(gtin, store_id=store_id)
    plan = await planner.plan()
    assert (await planner.approve(plan, supplier_ids=["OTHER"], store_ids=["S0002"]))["lines"] == 1
    assert await planner.orders() == [("S0002", "OTHER", {other: 60})]
    assert (await planner.approve(plan, lines=[{"store_id": STORE, "gtin": second}]))["lines"] == 1
    manager = planner.shop.auth("manager", stores=["S0002"])
    path = f"/v1/plans/{plan['plan_id']}"
    seen = await planner.shop.ask("GET", f"{path}/lines", headers=manager)
    assert {each["store_id"] for each in seen["items"]} == {"S0002"}
    await planner.shop.ask(
        "POST", f"{path}:approve", json={"store_ids": [STORE]}, headers=manager, expect=403
    )
    done = await planner.shop.ask("POST", f"{path}:approve", json={}, headers=manager)
    assert done["lines"] == 3
    assert (await planner.approve(plan))["lines"] == 3
    orders = await planner.orders()
    assert sum(len(order[2]) for order in orders) == 8
    assert len(orders) == 5


async def test_a_dry_run_is_never_approved_and_changes_nothing(planner: Planner, gtins: list[str]) -> None:
    await planner.level(gtins[0])
    plan = await planner.plan(dry_run=True)
    assert plan["summary"]["orders"] == 1
    assert (await planner.approve(plan, expect=409))["code"] == "plan-is-dry-run"
    old = await planner.plan(day="2020-01-01")
    assert (await planner.approve(old, expect=409))["code"] == "plan-over"
    cancelled = await planner.shop.ask("POST", "/v1/plans", json={}, expect=201)
    path = f"/v1/plans/{cancelled['plan_id']}"
    assert (await planner.approve(cancelled, expect=409))["code"] == "plan-not-calculated"
    view = await planner.shop.ask("POST", f"{path}:cancel", json={"reason": "asked twice"})
    assert (view["state"], view["reason"]) == ("cancelled", "asked twice")
    assert await planner.calculate(cancelled["plan_id"]) == view
    assert await planner.orders() == []
    listed = (await planner.shop.ask("GET", "/v1/plans"))["items"]
    assert [each["plan_id"] for each in listed] == [cancelled["plan_id"], old["plan_id"], plan["plan_id"]]


async def test_a_plan_goes_on_where_a_worker_died(
    planner: Planner, gtins: list[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("humidor_inventory.planning.calculating.STORES_A_PIECE", 1)
    for number in range(2, 5):
        await planner.store(f"S000{number}")
        await planner.level(gtins[0], store_id=f"S000{number}")
    plan = await planner.shop.ask("POST", "/v1/plans", json={}, expect=201)
    path = f"/v1/plans/{plan['plan_id']}"
    pool = planner.shop.runtime.pool
    for _ in range(3):
        assert await calculate_piece(pool)
    half = await planner.shop.ask("GET", path)
    assert (half["state"], half["stores_done"], half["stores"]) == ("running", 2, 4)

    async def die(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as dying:
        dying.setattr("humidor_inventory.planning.calculating._move_on", die)
        with pytest.raises(ConnectionResetError):
            await calculate_piece(pool)
    assert len(await planner.lines(plan)) == 1
    results = await asyncio.gather(*(calculate_piece(pool) for _ in range(4)))
    assert any(results)
    done = await planner.calculate(plan["plan_id"])
    assert (done["state"], done["stores_done"], done["summary"]["lines"]) == ("calculated", 4, 3)


async def test_what_cannot_be_calculated_fails_its_plan_alone(
    planner: Planner, gtins: list[str], monkeypatch: Any
) -> None:
    await planner.level(gtins[0])

    async def trip(*_: Any) -> None:
        raise ZeroDivisionError("no such figure")

    with monkeypatch.context() as broken:
        broken.setattr("humidor_inventory.planning.figures.read_lines", trip)
        failed = await planner.plan()
    assert (failed["state"], failed["reason"]) == ("failed", "ZeroDivisionError('no such figure')")
    pool = planner.shop.runtime.pool
    unread = await planner.shop.ask("POST", "/v1/plans", json={}, expect=201)
    await pool.execute(
        """UPDATE plans SET terms = '{"solver": "of another version"}' WHERE state = 'queued'"""
    )
    assert await calculate_piece(pool)
    states = await pool.fetch("SELECT state FROM plans WHERE plan_id = $1", UUID(unread["plan_id"]))
    assert [row[0] for row in states] == ["failed"]
    await pool.execute("UPDATE plans SET terms = '{}'")
    assert (await planner.plan())["state"] == "calculated"


async def test_a_suggestion_that_was_refused_is_not_planned_either(
    planner: Planner, gtins: list[str]
) -> None:
    await planner.level(gtins[0])
    (suggested,) = await planner.suggestions(gtins[0])
    path = f"/v1/replenishments/{suggested['replenishment_id']}:reject"
    await planner.shop.ask("POST", path, json={"reason": "shelf is being rebuilt"})
    assert (await planner.plan())["summary"]["lines"] == 0


async def test_who_may_plan_what_is_checked(planner: Planner, gtins: list[str]) -> None:
    await planner.store("S0002")
    for store_id in (STORE, "S0002"):
        await planner.level(gtins[0], store_id=store_id)
    shop = planner.shop
    bound = shop.auth("manager", stores=["S0002"])
    await shop.ask("POST", "/v1/plans", json={"store_ids": [STORE]}, headers=bound, expect=403)
    await shop.ask("POST", "/v1/plans", json={}, headers=shop.auth("analyst"), expect=403)
    own = await shop.ask("POST", "/v1/plans", json={}, headers=bound, expect=201)
    assert own["terms"]["store_ids"] == ["S0002"]
    await planner.calculate(own["plan_id"])
    assert list(await planner.lines(own)) == [("S0002", gtins[0])]
    foreign = await planner.plan(store_ids=[STORE])
    await shop.ask("GET", f"/v1/plans/{foreign['plan_id']}", headers=bound, expect=404)
    both = await shop.ask("POST", "/v1/plans", json={"store_ids": [STORE, "S0002"]}, expect=201)
    path = f"/v1/plans/{both['plan_id']}"
    await shop.ask("GET", path, headers=bound)
    await shop.ask("POST", f"{path}:cancel", json={"reason": "not mine"}, headers=bound, expect=403)
    for body, field in (({"store_ids": ["S0009"]}, "store_ids[0]"), ({"day": "9999-12-31"}, "day")):
        problem = await planner.plan(**body, expect=422)
        assert problem["errors"][0]["field"] == field
    async with transaction(shop.runtime.pool) as conn:
        trail = await conn.fetch("SELECT action FROM audit_trail WHERE entity = 'plan'")
    assert [row[0] for row in trail] == ["request"] * 3


async def test_an_order_beyond_its_approvers_limit_waits_for_somebody_who_may(
    planner: Planner, gtins: list[str]
) -> None:
    first, second, _, _ = gtins
    await planner.put("/v1/approval-limits/CNY", {"limits": {"manager": 150_000}})
    await planner.level(first)
    await planner.level(second, order_up_to=40)
    manager = planner.shop.auth("manager", subject="ma")
    plan = await planner.plan()
    path = f"/v1/plans/{plan['plan_id']}"
    await planner.shop.ask("POST", f"{path}:approve", json={}, headers=manager)
    while await place_piece(planner.shop.runtime.pool):
        pass
    (order,) = (await planner.shop.ask("GET", "/v1/purchase-orders"))["items"]
    assert (order["state"], order["value_minor"], order["plan_id"]) == (
        "pending_approval",
        200_000,
        plan["plan_id"],
    )
    line = (await planner.lines(plan))[STORE, first]
    assert line["reasons"][-1] == {"code": "order_needs_approval", "verdict": "beyond_limit"}
    assert (await planner.shop.stock(first))["on_order"] == 0
    assert (await planner.plan())["summary"]["orders"] == 0
    await planner.shop.ask("POST", f"/v1/purchase-orders/{order['purchase_order_id']}:approve")
    assert (await planner.shop.stock(first))["on_order"] == 60
    assert await planner.suggestions(first) == []


async def test_what_cannot_be_placed_says_why_and_is_placed_when_approved_again(
    planner: Planner, gtins: list[str], monkeypatch: Any
) -> None:
    await planner.level(gtins[0])
    plan = await planner.plan()

    async def trip(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("no such price")

    with monkeypatch.context() as broken:
        broken.setattr("humidor_inventory.planning.placing.price_orders", trip)
        await planner.approve(plan)
    view = await planner.shop.ask("GET", f"/v1/plans/{plan['plan_id']}")
    assert (view["being_placed"], view["reason"]) == (False, "ZeroDivisionError('no such price')")
    assert await planner.orders() == []
    assert (await planner.approve(plan))["lines"] == 0
    assert await planner.orders() == [(STORE, "CTC", {gtins[0]: 60})]

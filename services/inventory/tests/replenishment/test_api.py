from typing import Any
from uuid import uuid4

from humidor_inventory.testing.shop import STORE, Shop, line, sale

LEVEL = {"reorder_point": 10, "order_up_to": 40, "order_multiple": 10}


async def set_level(shop: Shop, gtin: str, **changes: Any) -> Any:
    answer = await shop.client.put(
        f"/v1/levels/{STORE}/{gtin}", json=LEVEL | changes, headers=shop.auth("manager", stores=[STORE])
    )
    answer.raise_for_status()
    return answer.json()


async def suggestions(shop: Shop, gtin: str, state: str = "open") -> Any:
    path = f"/v1/replenishments?store_id={STORE}&gtin={gtin}&state={state}"
    return (await shop.ask("GET", path))["items"]


async def alerts(shop: Shop) -> list[str]:
    found = await shop.ask("GET", f"/v1/alerts?store_id={STORE}&kind=below_reorder_point")
    return [alert["state"] for alert in found["items"]]


async def test_a_sale_that_brings_stock_to_the_reorder_point_ends_in_an_order_and_a_receipt(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 12, "A"))
    await set_level(shop, gtin)
    assert await suggestions(shop, gtin) == []
    await shop.deliver(sale(line(gtin, 2)))
    (suggested,) = await suggestions(shop, gtin)
    assert (suggested["quantity"], suggested["available_sticks"], suggested["unit"]) == (30, 200, "pack")
    assert suggested["formula"].startswith("ceil")
    assert await alerts(shop) == ["open"]

    path = f"/v1/replenishments/{suggested['replenishment_id']}:approve"
    approved = await shop.ask("POST", path)
    assert approved == await shop.ask("POST", path)
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["on_order"], stock["available"]) == (10, 30, 40)
    assert await alerts(shop) == ["ordered"]

    receipt = await shop.receive((gtin, 30, "B"), purchase_order_id=approved["purchase_order_id"])
    assert (receipt["purchase_order_state"], receipt["differences"]) == ("received", [])
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["on_order"], stock["available"]) == (40, 0, 40)
    assert await alerts(shop) == ["closed"]
    for event in ("stock-below-reorder-point", "replenishment-suggested", "purchase-order-placed"):
        assert await shop.outbox(f"inventory.{event}.v1") == 1
    assert await shop.outbox("inventory.goods-received.v1") == 2
    await shop.check()


async def test_one_open_suggestion_follows_the_growing_need(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 12, "A"))
    await set_level(shop, gtin)
    for _ in range(4):
        await shop.deliver(sale(line(gtin, 4)))
    (suggested,) = await suggestions(shop, gtin)
    assert suggested["quantity"] == 50
    assert await alerts(shop) == ["open"]
    assert await shop.outbox("inventory.stock-below-reorder-point.v1") == 1
    assert await shop.outbox("inventory.replenishment-suggested.v1") == 2  # 40 packs, then 50


async def test_a_level_set_over_low_stock_acts_at_once(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin)
    assert [s["quantity"] for s in await suggestions(shop, gtin)] == [40]
    await set_level(shop, gtin, reorder_point=0, order_up_to=0)
    assert await suggestions(shop, gtin) == []
    await shop.receive((gtin, 1, "A"))
    assert await alerts(shop) == ["closed"]


async def test_the_auto_approve_policy_orders_without_a_person(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin, auto_approve=True)
    (approved,) = await suggestions(shop, gtin, "approved")
    assert approved["decided_by"] == "policy:auto-approve"
    assert (await shop.stock(gtin))["on_order"] == 40
    await shop.deliver(sale(line(gtin, 31)))
    orders = (await shop.ask("GET", f"/v1/purchase-orders?gtin={gtin}&state=placed"))["items"]
    assert [order["lines"][0]["ordered_sticks"] for order in orders] == [800, 800]
    await shop.check()


async def test_what_is_beyond_the_limit_of_systems_is_left_to_a_person(shop: Shop, gtin: str) -> None:
    await shop.ask("PUT", "/v1/suppliers/V1", json={"name": "Harbour"}, expect=201)
    await shop.put_product(gtin, supplier_id="V1")
    price = {"gtin": gtin, "valid_from": "2026-01-01", "currency": "CNY", "unit": "pack"}
    prices = {"prices": [price | {"steps": [{"price_minor": 2_000}]}]}
    await shop.ask("PUT", "/v1/suppliers/V1/prices", json=prices)
    limits = {"limits": {"system": 60_000}, "four_eyes_minor": 50_000}
    await shop.ask("PUT", "/v1/approval-limits/CNY", json=limits, expect=201)
    await set_level(shop, gtin, auto_approve=True, order_up_to=20)
    assert (await shop.stock(gtin))["on_order"] == 20
    await set_level(shop, gtin, auto_approve=True, reorder_point=30, order_up_to=50)
    assert [s["quantity"] for s in await suggestions(shop, gtin)] == [30], "60,000 take a second pair of eyes"
    await shop.ask("PUT", "/v1/approval-limits/CNY", json={"limits": {"system": 59_999}})
    await shop.deliver(sale(line(gtin, 1)))
    (beyond,) = await suggestions(shop, gtin)
    await shop.ask("POST", f"/v1/replenishments/{beyond['replenishment_id']}:approve")
    assert (await shop.stock(gtin))["on_order"] == 60
    await shop.check()


async def test_a_rejected_suggestion_is_not_made_again_until_the_level_is_set_anew(
    shop: Shop, gtin: str
) -> None:
    await set_level(shop, gtin)
    (suggested,) = await suggestions(shop, gtin)
    path = f"/v1/replenishments/{suggested['replenishment_id']}"
    await shop.ask("POST", f"{path}:reject", json={"reason": "shop is being rebuilt"})
    await shop.deliver(sale(line(gtin, 1)))
    assert await suggestions(shop, gtin) == []
    await shop.ask("POST", f"{path}:approve", expect=409)
    await set_level(shop, gtin, order_up_to=50)
    assert [s["quantity"] for s in await suggestions(shop, gtin)] == [60]


async def test_a_cancelled_order_is_suggested_anew(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin)
    (suggested,) = await suggestions(shop, gtin)
    approved = await shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    order = f"/v1/purchase-orders/{approved['purchase_order_id']}"
    await shop.ask("POST", f"{order}:cancel", json={"reason": "supplier is out of stock"})
    assert (await shop.stock(gtin))["on_order"] == 0
    assert len(await suggestions(shop, gtin)) == 1
    assert await alerts(shop) == ["open"]
    await shop.ask("POST", f"{order}:cancel", json={"reason": "again"}, expect=409)
    await shop.check()


async def test_partial_and_excess_receipts_are_taken_with_their_differences(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin)
    (suggested,) = await suggestions(shop, gtin)
    approved = await shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    order = approved["purchase_order_id"]
    part = await shop.receive((gtin, 5, "A"), purchase_order_id=order)
    assert part["purchase_order_state"] == "partially_received"
    assert part["differences"][0]["difference_sticks"] == -35 * 20
    assert (await shop.stock(gtin))["on_order"] == 35
    assert await alerts(shop) == ["ordered"]
    rest = await shop.receive((gtin, 40, "B"), purchase_order_id=order)
    assert rest["purchase_order_state"] == "received"
    assert rest["differences"][0]["difference_sticks"] == 5 * 20
    assert (await shop.stock(gtin))["on_order"] == 0
    await shop.receive((gtin, 1, "C"), purchase_order_id=order, expect=409)
    await shop.check()


async def test_a_short_order_can_be_closed_with_its_receipt(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin)
    (suggested,) = await suggestions(shop, gtin)
    approved = await shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    closed = await shop.receive(
        (gtin, 5, "A"), purchase_order_id=approved["purchase_order_id"], close_purchase_order=True
    )
    assert closed["purchase_order_state"] == "received"
    assert (await shop.stock(gtin))["on_order"] == 0
    assert len(await suggestions(shop, gtin)) == 1
    await shop.check()


async def test_another_stores_suggestions_and_orders_are_not_there(shop: Shop, gtin: str) -> None:
    await set_level(shop, gtin)
    (suggested,) = await suggestions(shop, gtin)
    stranger = shop.auth("manager", stores=["S0002"])
    path = f"/v1/replenishments/{suggested['replenishment_id']}"
    await shop.ask("GET", path, headers=stranger, expect=404)
    await shop.ask("POST", f"{path}:approve", headers=stranger, expect=404)
    await shop.ask("GET", f"/v1/purchase-orders/{uuid4()}", headers=stranger, expect=404)
    assert (await shop.ask("GET", "/v1/replenishments", headers=stranger))["items"] == []
    assert (await shop.ask("GET", "/v1/alerts", headers=stranger))["items"] == []
    await shop.ask("GET", f"/v1/replenishments?store_id={STORE}", headers=stranger, expect=403)

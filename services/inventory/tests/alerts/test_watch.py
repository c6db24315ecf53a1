"""Stock that runs out or falls below zero is alerted in the transaction that changed it, and ends with it."""

from typing import Any
from uuid import uuid4

from humidor_inventory.stock.shelf import Shelf, Source
from humidor_inventory.testing.shop import NOON, STORE, Shop, line, make_gtin, sale


async def kinds(shop: Shop, state: str = "open") -> list[tuple[str, str]]:
    found = await shop.ask("GET", "/v1/alerts", params={"store_id": STORE, "state": state})
    return sorted((alert["kind"], alert["severity"]) for alert in found["items"])


async def set_level(shop: Shop, gtin: str, point: int = 0) -> None:
    body = {"reorder_point": point, "order_up_to": point + 10, "unit": "pack"}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=body, expect=201)


async def test_the_last_pack_sold_raises_and_a_receipt_closes(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 2, "A"))
    await shop.deliver(sale(line(gtin, 1)))
    assert await kinds(shop) == []
    await shop.deliver(sale(line(gtin, 1)))
    assert await kinds(shop) == [("stock_out", "warning")]
    await shop.deliver(sale(line(gtin, 1)), sale(line(gtin, 1)))
    assert await kinds(shop) == [("negative", "warning"), ("stock_out", "warning")]
    await shop.receive((gtin, 1, "B"))
    assert await kinds(shop) == [("negative", "warning"), ("stock_out", "warning")]
    await shop.receive((gtin, 5, "B"))
    assert await kinds(shop) == []
    closed = (await shop.ask("GET", "/v1/alerts?kind=stock_out"))["items"]
    assert [alert["closed_reason"] for alert in closed] == ["there is something for sale again"]


async def test_a_product_with_a_level_is_critical_when_it_is_gone(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 2, "A"))
    await set_level(shop, gtin)
    await shop.deliver(sale(line(gtin, 2)))
    assert await kinds(shop) == [("below_reorder_point", "warning"), ("stock_out", "critical")]


async def test_what_is_reserved_or_expired_is_not_for_sale(shop: Shop, gtin: str) -> None:
    other = make_gtin(2)
    await shop.put_product(other)
    await set_level(shop, gtin)
    lines = [{"gtin": other, "quantity": 4, "lot": "OLD", "expiry_date": "2026-11-20"}]
    lines.append({"gtin": other, "quantity": 1, "lot": "NEW", "expiry_date": "2099-11-20"})
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)
    await shop.receive((gtin, 3, "A"))
    assert ("stock_out", "critical") not in await kinds(shop)
    body = {"store_id": STORE, "gtin": gtin, "quantity": 3, "expires_in_seconds": 1800, "reference": "R1"}
    reserved = await shop.ask("POST", "/v1/reservations", json=body, expect=201)
    assert ("stock_out", "critical") in await kinds(shop)
    release = f"/v1/reservations/{reserved['reservation_id']}:release"
    await shop.ask("POST", release, json={"reason": "not picked up"})
    assert ("stock_out", "critical") not in await kinds(shop)
    await shop.deliver(sale(line(other, 1)))
    assert ("stock_out", "warning") in await kinds(shop)
    assert (await shop.stock(other))["on_hand"] == 4


async def test_nobody_misses_what_is_not_carried_any_more_or_was_never_wanted(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 1, "A"))
    await shop.put_product(gtin, status="discontinued")
    await shop.deliver(sale(line(gtin, 1)))
    other = make_gtin(2)
    await shop.put_product(other)
    await shop.receive((other, 1, "A"))
    body: dict[str, Any] = {
        "store_id": STORE,
        "gtin": other,
        "lot": "A",
        "quantity": -1,
        "reason_code": "damage",
    }
    await shop.ask("POST", "/v1/adjustments", json=body, expect=201)
    assert await kinds(shop) == []


def test_a_shelf_whose_alerts_stand_is_not_looked_at_again() -> None:
    shelf = Shelf(STORE, "g")
    assert shelf.needs_review
    shelf.stock_out_open = True
    assert not shelf.needs_review
    shelf.put("A", 20, "received", Source("receipt", uuid4(), 1, NOON))
    assert shelf.needs_review

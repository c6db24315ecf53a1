"""Measured lead times follow receipts, and orders count with them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from humidor_common.events.inventory import SupplierLeadTimeChanged
from humidor_inventory.testing.shop import STORE, Shop

PLACED = """
UPDATE purchase_orders SET placed_at = placed_at - make_interval(hours => $2) WHERE purchase_order_id = $1
"""


async def deliver(shop: Shop, gtin: str, days: float) -> Any:
    body = {"store_id": STORE, "lines": [{"gtin": gtin, "quantity": 10}]}
    order = await shop.ask("POST", "/v1/purchase-orders", json=body, expect=201)
    await shop.runtime.pool.execute(PLACED, order["purchase_order_id"], round(days * 24))
    lines = [{"gtin": gtin, "quantity": 100, "unit": "pack"}]
    receipt = {"store_id": STORE, "purchase_order_id": order["purchase_order_id"], "lines": lines}
    await shop.ask("POST", "/v1/receipts", json=receipt, expect=201)
    return order


async def test_receipts_measure_the_supplier_and_later_orders_are_expected_accordingly(
    shop: Shop, gtin: str
) -> None:
    await shop.ask("PUT", "/v1/suppliers/V1", json={"name": "Harbour", "lead_time_days": 2}, expect=201)
    await shop.put_product(gtin, supplier_id="V1")
    for days in (5, 6, 5, 40):
        await deliver(shop, gtin, days)
    assert (await shop.ask("GET", "/v1/suppliers/V1"))["planned_lead_time_days"] == 2
    for days in (7, 6):
        await deliver(shop, gtin, days)
    supplier = await shop.ask("GET", "/v1/suppliers/V1")
    assert round(supplier["planned_lead_time_days"], 1) == 5.8
    assert (round(supplier["measured_lead_time_sd_days"], 2), supplier["measured_deliveries"]) == (0.84, 5)
    events = await shop.runtime.pool.fetch(
        "SELECT payload FROM outbox WHERE type = $1", SupplierLeadTimeChanged.TYPE
    )
    (told,) = (msgspec.json.decode(row[0], type=SupplierLeadTimeChanged) for row in events)
    assert (told.supplier_id, told.deliveries, told.before_days) == ("V1", 5, None)
    order = await deliver(shop, gtin, 6)
    expected = datetime.fromisoformat(order["placed_at"]) + timedelta(hours=8, days=6)
    assert order["expected_on"] == str(expected.date())
    assert len(events) == await shop.outbox(SupplierLeadTimeChanged.TYPE)
    stated = {"name": "Harbour", "lead_time_days": 2, "lead_time_source": "stated"}
    assert (await shop.ask("PUT", "/v1/suppliers/V1", json=stated))["planned_lead_time_days"] == 2
    score = await shop.ask("GET", f"/v1/suppliers/V1/scorecard?store_id={STORE}")
    assert (score["lead_time"]["deliveries"], score["lead_time"]["outliers"]) == (6, 1)
    assert (score["orders_placed"], score["orders_closed"], score["fill_rate"]) == (7, 7, 1.0)
    assert round(score["last_days"], 1) == 10.7
    assert score["quality_score"] == 100
    await shop.check()


async def test_scores_are_of_the_callers_stores_only(shop: Shop) -> None:
    await shop.ask("PUT", "/v1/suppliers/V1", json={"name": "Harbour"}, expect=201)
    bound = shop.auth("manager", stores=["S0002"])
    await shop.ask("GET", "/v1/suppliers/V1/scorecard", headers=bound, expect=403)
    await shop.ask("GET", f"/v1/suppliers/V1/scorecard?store_id={STORE}", headers=bound, expect=403)
    own = await shop.ask("GET", "/v1/suppliers/V1/scorecard?store_id=S0002", headers=bound)
    assert (own["fill_rate"], own["quality_score"], own["lead_time"]) == (None, None, None)
    await shop.ask("GET", "/v1/suppliers/V9/scorecard", expect=404)
    months = "from=2026-03-05&until=2026-01-01"
    await shop.ask("GET", f"/v1/suppliers/V1/scorecard?{months}", expect=422)

"""Goods that come in against an order: from its shipment, in part, too many, damaged, wrong, too dear."""

from typing import Any

from humidor_inventory.testing.shop import STORE, make_gtin


async def receive(supplied: Any, order: Any, quantity: int, *, expect: int = 201, **line: Any) -> Any:
    body = {
        "store_id": STORE,
        "purchase_order_id": order["purchase_order_id"],
        "lines": [{"gtin": supplied.gtin, "quantity": quantity, "unit": "carton", "lot": "L1"} | line],
    }
    return await supplied.shop.ask("POST", "/v1/receipts", json=body, expect=expect)


async def test_a_shipment_prefills_its_receipt_and_differences_are_found(supplied: Any) -> None:
    shop = supplied.shop
    order = await supplied.order(10)
    code = "1" * 16 + "ABCD" + "2" * 12
    dates = {"production_date": "2026-11-02", "expiry_date": "2028-04-25"}
    lines = [
        {"gtin": supplied.gtin, "quantity": 6, "lot": "L1", "codes": [code]} | dates,
        {"gtin": supplied.gtin, "quantity": 4, "lot": "L2"},
    ]
    asn = {
        "purchase_order_id": order["purchase_order_id"],
        "shipped_at": "2026-11-26T00:00:00Z",
        "lines": lines,
    }
    sent = await supplied.portal("PUT", "shipments/ASN-1", json=asn, expect=201)
    body = {"store_id": STORE, "shipment_id": sent["shipment_id"]}
    for bad, field in (
        ({"differences": [{"line": 3, "quantity": 1}]}, "differences[0].line"),
        ({"differences": [{"line": 1, "quantity": 0}, {"line": 2, "quantity": 0}]}, "differences"),
        ({"store_id": "S0002"}, "store_id"),
    ):
        problem = await shop.ask("POST", "/v1/receipts", json=body | bad, expect=422)
        assert problem["errors"][0]["field"] == field
    differences = [{"line": 2, "quantity": 3, "damaged_quantity": 1}]
    receipt = await shop.ask("POST", "/v1/receipts", json=body | {"differences": differences}, expect=201)
    assert receipt["purchase_order_state"] == "partially_received"
    assert await shop.lots(supplied.gtin) == {"L1": (60, 0), "L2": (20, 10)}
    found = await shop.ask("GET", f"/v1/stock/{STORE}/{supplied.gtin}/lots")
    assert found["items"][0]["expiry_date"] == "2028-04-25"
    assert await shop.runtime.pool.fetchval("SELECT lot FROM carton_codes WHERE code = $1", code) == "L1"
    assert await supplied.found() == [("damaged", 3, 2), ("short", 4, 3)]
    assert (await supplied.portal("GET", "shipments/ASN-1"))["receipt_id"] == receipt["receipt_id"]
    again = await shop.ask("POST", "/v1/receipts", json=body, expect=409)
    assert again["code"] == "shipment-closed"
    assert await shop.ask("GET", f"/v1/receipts/{receipt['receipt_id']}") == receipt
    closed = await receive(supplied, order, 0 + 1, lot="L3")
    assert closed["purchase_order_state"] == "received"
    assert await supplied.found() == [("damaged", 3, 2), ("short", 4, 3)]
    await shop.check()


async def test_a_pack_for_a_carton_is_asked_about_on_an_order(supplied: Any) -> None:
    order = await supplied.order(12)
    problem = await receive(supplied, order, 12, unit="pack", expect=409)
    assert (problem["code"], problem["errors"][0]["field"]) == ("implausible-quantity", "lines[0].quantity")
    assert "were 12 carton meant" in problem["detail"]
    assert await supplied.shop.stock(supplied.gtin, unit="carton") | {"on_hand": 0, "on_order": 12} == (
        await supplied.shop.stock(supplied.gtin, unit="carton")
    )
    part = await receive(supplied, order, 12, unit="pack", confirm=True)
    assert part["purchase_order_state"] == "partially_received"
    lots = [{"gtin": supplied.gtin, "quantity": 6, "unit": "case", "lot": lot} for lot in ("A", "B")]
    body = {"store_id": STORE, "purchase_order_id": order["purchase_order_id"], "lines": lots}
    await supplied.shop.ask("POST", "/v1/receipts", json=body, expect=409)
    await supplied.shop.check()


async def test_more_than_was_ordered_is_asked_about_or_refused_by_the_suppliers_terms(supplied: Any) -> None:
    shop = supplied.shop
    order = await supplied.order(10)
    assert (await receive(supplied, order, 13, expect=409))["code"] == "implausible-quantity"
    terms = {"name": "Harbour Tobacco", "over_receipt": "refuse", "over_receipt_percent": 10}
    await shop.ask("PUT", "/v1/suppliers/V1", json=terms)
    assert (await receive(supplied, order, 12, confirm=True, expect=409))["code"] == "over-receipt"
    receipt = await receive(supplied, order, 11)
    assert receipt["purchase_order_state"] == "received"
    assert await supplied.found() == [("over", 10, 11)]
    await shop.check()


async def test_wrong_damaged_dear_and_missing_goods_are_recorded_and_settled(supplied: Any) -> None:
    shop, other = supplied.shop, make_gtin(5)
    await shop.put_product(other)
    order = await supplied.order(10)
    lines = [
        {"gtin": supplied.gtin, "quantity": 7, "unit": "carton", "lot": "A", "damaged_quantity": 2,
         "price_minor": 19_000},
        {"gtin": other, "quantity": 1, "unit": "carton", "lot": "X"},
    ]  # fmt: skip
    body = {
        "store_id": STORE,
        "purchase_order_id": order["purchase_order_id"],
        "close_purchase_order": True,
        "lines": lines,
    }
    receipt = await shop.ask("POST", "/v1/receipts", json=body, expect=201)
    assert receipt["purchase_order_state"] == "received"
    assert [line["damaged_sticks"] for line in receipt["lines"]] == [400, 0]
    assert await supplied.found(state="open") == [
        ("damaged", 7, 5),
        ("price", 90, 95),
        ("short", 10, 7),
        ("wrong_product", 0, 1),
    ]
    items = (await shop.ask("GET", f"/v1/discrepancies?purchase_order_id={order['purchase_order_id']}"))[
        "items"
    ]
    by_kind = {each["kind"]: f"/v1/discrepancies/{each['discrepancy_id']}:resolve" for each in items}
    claim = {"resolution": "claim", "note": "invoice corrected", "claimed_minor": 7000}
    settled = await shop.ask("POST", by_kind["price"], json=claim)
    assert (settled["state"], settled["claimed_minor"]) == ("resolved", 7000)
    await shop.ask("POST", by_kind["price"], json=claim, expect=409)
    await shop.ask("POST", by_kind["short"], json={"resolution": "claim", "note": "x"}, expect=422)
    stranger = shop.auth("manager", stores=["S0002"])
    accept = {"resolution": "accept", "note": "kept"}
    await shop.ask("POST", by_kind["short"], json=accept, headers=stranger, expect=404)
    back = {
        "store_id": STORE,
        "supplier_id": "V1",
        "purchase_order_id": order["purchase_order_id"],
        "reason": "damaged",
        "dispatch": True,
        "lines": [
            {"gtin": supplied.gtin, "lot": "A", "bucket": "quarantined", "quantity": 2, "unit": "carton"}
        ],
    }
    sent = await shop.ask("POST", "/v1/supplier-returns", json=back, expect=201)
    returned = {"resolution": "return", "note": "sent back", "supplier_return_id": sent["supplier_return_id"]}
    await shop.ask("POST", by_kind["damaged"], json=returned)
    assert await supplied.found(state="open") == [("short", 10, 7), ("wrong_product", 0, 1)]
    assert await shop.lots(supplied.gtin) == {"A": (50, 0)}
    score = await shop.ask("GET", f"/v1/suppliers/V1/scorecard?store_id={STORE}")
    assert (score["fill_rate"], score["on_time_rate"]) == (0.7, 1.0)
    assert (score["received_sticks"], score["damaged_sticks"], score["returned_sticks"]) == (1600, 400, 400)
    assert score["quality_score"] == 100 * (1 - 600 / 1600) - 10
    await shop.check()


async def test_returns_take_only_what_is_there_and_are_seen_by_the_supplier(supplied: Any) -> None:
    shop, gtin = supplied.shop, supplied.gtin
    await shop.receive((gtin, 20, "A"), (gtin, 5, "B"))
    await shop.ask("PUT", "/v1/suppliers/V1/webhook", json={"url": "https://erp.example.org/x"}, expect=201)
    await shop.runtime.pool.execute("UPDATE lot_stock SET held = true WHERE lot = 'B'")
    kept = {"store_id": STORE, "gtin": gtin, "quantity": 15}
    await shop.ask("POST", "/v1/reservations", json=kept, expect=201)
    body = {"store_id": STORE, "supplier_id": "V1", "reason": "recall"}
    lines = [{"gtin": gtin, "lot": "A", "quantity": 6}, {"gtin": gtin, "lot": "B", "quantity": 5}]
    draft = await shop.ask("POST", "/v1/supplier-returns", json=body | {"lines": lines}, expect=201)
    path = f"/v1/supplier-returns/{draft['supplier_return_id']}"
    problem = await shop.ask("POST", f"{path}:dispatch", expect=409)
    assert (problem["code"], problem["errors"][0]["field"]) == ("not-enough-stock", "lines[0].quantity")
    cancelled = await shop.ask("POST", f"{path}:cancel", json={"reason": "reserved"})
    assert cancelled["state"] == "cancelled"
    await shop.ask("POST", f"{path}:dispatch", expect=409)
    lines[0]["quantity"] = 5
    draft = await shop.ask("POST", "/v1/supplier-returns", json=body | {"lines": lines}, expect=201)
    path = f"/v1/supplier-returns/{draft['supplier_return_id']}"
    assert (await supplied.portal("GET", "returns"))["items"] == []
    sent = await shop.ask("POST", f"{path}:dispatch")
    assert sent == await shop.ask("POST", f"{path}:dispatch")
    assert await shop.lots(gtin) == {"A": (15, 0)}
    assert (await shop.entries(gtin))[0][1:] == ("supplier_return", -5, "sent_back")
    assert (await supplied.portal("GET", "returns"))["items"] == [sent]
    notices = (await supplied.portal("GET", "notices"))["items"]
    assert [each["topic"] for each in notices] == ["inventory.supplier-return.dispatched"]
    credit = {"credit_note": "CN-1", "credited_minor": 20_000, "currency": "CNY"}
    assert (await shop.ask("POST", f"{path}:credit", json=credit))["state"] == "credited"
    await shop.ask("POST", f"{path}:credit", json=credit, expect=409)
    stranger = shop.auth("manager", stores=["S0002"])
    await shop.ask("GET", path, headers=stranger, expect=404)
    await shop.ask("POST", f"{path}:dispatch", headers=stranger, expect=404)
    await shop.ask("POST", "/v1/supplier-returns", json=body | {"lines": lines}, headers=stranger, expect=403)
    assert len((await shop.ask("GET", f"/v1/supplier-returns?store_id={STORE}"))["items"]) == 2
    assert await shop.outbox("inventory.supplier-return-dispatched.v1") == 1
    await shop.check()

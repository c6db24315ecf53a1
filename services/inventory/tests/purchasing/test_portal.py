"""A supplier's system confirms, proposes, refuses and ships what is its supplier's alone."""

from typing import Any
from uuid import uuid4

from humidor_inventory.testing.shop import STORE

HOOK = {"url": "https://erp.harbour.example/hooks"}


async def test_a_supplier_confirms_an_order_as_it_is(supplied: Any) -> None:
    order = await supplied.order(10)
    path = f"orders/{order['purchase_order_id']}"
    (seen,) = (await supplied.portal("GET", "orders?state=placed"))["items"]
    assert seen["lines"][0]["price_minor"] == 18_000
    assert "note" not in seen
    body = {"promised_on": order["expected_on"], "supplier_reference": "HT-77"}
    confirmed = await supplied.portal("POST", f"{path}:confirm", json=body)
    assert (confirmed["state"], confirmed["supplier_reference"]) == ("confirmed", "HT-77")
    assert await supplied.shop.outbox("inventory.purchase-order-confirmed.v1") == 1
    assert await supplied.portal("GET", path) == confirmed
    assert await supplied.portal("POST", f"{path}:confirm", json=body) == confirmed
    nothing = {"lines": [{"gtin": supplied.gtin, "quantity": 0}]}
    problem = await supplied.portal("POST", f"{path}:confirm", json=nothing, expect=422)
    assert problem["errors"][0]["field"] == "lines"


async def test_what_a_supplier_would_deliver_instead_is_for_the_buyer_to_accept(supplied: Any) -> None:
    shop = supplied.shop
    order = await supplied.order(10)
    path = f"orders/{order['purchase_order_id']}:confirm"
    line = {"gtin": supplied.gtin, "quantity": 8, "price_minor": 17_500}
    body = {"promised_on": "2027-02-01", "lines": [line]}
    proposed = await supplied.portal("POST", path, json=body)
    assert (proposed["state"], proposed["proposal"]["lines"][0]["quantity_sticks"]) == ("placed", 1600)
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 10
    accepted = await supplied.act(order, "accept")
    assert (accepted["state"], accepted["due_on"]) == ("confirmed", "2027-02-01")
    assert (accepted["value_minor"], accepted["lines"][0]["requested_sticks"]) == (8 * 17_500, 2000)
    assert (await shop.stock(supplied.gtin, unit="carton"))["on_order"] == 8
    assert (await supplied.act(order, "accept", expect=409))["code"] == "no-proposal"
    await supplied.portal("POST", path, json={"lines": [{"gtin": supplied.gtin, "quantity": 5}]})
    declined = await supplied.act(order, "decline", {"reason": "we need all eight"})
    assert (declined["state"], declined["proposal"]) == ("confirmed", None)
    await shop.check()


async def test_a_refused_order_is_suggested_anew_and_counts_as_failed(supplied: Any) -> None:
    shop = supplied.shop
    level = {"reorder_point": 10, "order_up_to": 40}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{supplied.gtin}", json=level, expect=201)
    (suggested,) = (await shop.ask("GET", "/v1/replenishments?state=open"))["items"]
    order = await shop.ask("POST", f"/v1/replenishments/{suggested['replenishment_id']}:approve")
    path = f"orders/{order['purchase_order_id']}:refuse"
    refused = await supplied.portal("POST", path, json={"reason": "sold out"})
    assert refused["state"] == "rejected"
    assert (await shop.stock(supplied.gtin))["on_order"] == 0
    assert len((await shop.ask("GET", "/v1/replenishments?state=open"))["items"]) == 1
    score = await shop.ask("GET", "/v1/suppliers/V1/scorecard")
    assert (score["orders_failed"], score["fill_rate"], score["on_time_rate"]) == (1, 0.0, 0.0)
    await supplied.portal("POST", path, json={"reason": "again"}, expect=409)
    await shop.check()


async def test_a_shipment_under_a_number_is_announced_once(supplied: Any) -> None:
    order = await supplied.order(10)
    sent = await supplied.ship(order, "ASN-1", (6, "L1"), (4, "L2"))
    assert [line["quantity_sticks"] for line in sent["lines"]] == [1200, 800]
    assert sent == await supplied.ship(order, "ASN-1", (6, "L1"), (4, "L2"), expect=200)
    again = await supplied.ship(order, "ASN-1", (5, "L1"), expect=409)
    assert again["code"] == "asn-number-used"
    assert (await supplied.read(order))["state"] == "shipped"
    assert await supplied.shop.outbox("inventory.shipment-announced.v1") == 1
    (arrival,) = (await supplied.shop.ask("GET", "/v1/expected-arrivals"))["items"]
    assert arrival["shipments"][0]["asn_number"] == "ASN-1"
    listed = await supplied.shop.ask("GET", f"/v1/shipments?store_id={STORE}&supplier_id=V1")
    assert listed["items"] == [sent]
    assert await supplied.portal("GET", "shipments/ASN-1") == sent
    await supplied.act(order, "amend", {"reason": "x", "expected_on": "2027-01-01"}, expect=409)
    await supplied.act(order, "cancel", {"reason": "burnt"})
    assert (await supplied.portal("GET", "shipments/ASN-1"))["state"] == "withdrawn"
    await supplied.ship(order, "ASN-2", (1, "L1"), expect=409)


async def test_a_key_opens_nothing_but_its_suppliers_own(supplied: Any, make_key: Any) -> None:
    shop = supplied.shop
    order = await supplied.order(10)
    await shop.ask("PUT", "/v1/suppliers/V2", json={"name": "Other"}, expect=201)
    other = await make_key("V2")
    path = f"orders/{order['purchase_order_id']}"
    await supplied.portal("GET", path, key=other, expect=404)
    await supplied.portal("POST", f"{path}:confirm", key=other, json={}, expect=404)
    await supplied.portal("POST", f"{path}:refuse", key=other, json={"reason": "x"}, expect=404)
    await supplied.ship(order, "A", (1, "L"), key=other, expect=404)
    assert (await supplied.portal("GET", "orders", key=other))["items"] == []
    draft = await supplied.order(3, submit=False)
    await supplied.portal("GET", f"orders/{draft['purchase_order_id']}", expect=404)
    for bad in ("nonsense", "hms_00_x", supplied.key[:-1], shop.auth()["Authorization"][7:]):
        await supplied.portal("GET", "orders", key=bad, expect=401)
    machine = {"Authorization": f"Bearer {supplied.key}"}
    await shop.ask("GET", "/v1/purchase-orders", headers=machine, expect=401)
    await shop.ask(
        "POST", "/v1/suppliers/V1/keys", json={"name": "x"}, headers=shop.auth("manager"), expect=403
    )
    (key,) = (await shop.ask("GET", "/v1/suppliers/V1/keys"))["items"]
    assert "key" not in key
    revoke = f"/v1/suppliers/V1/keys/{key['key_id']}:revoke"
    assert (await shop.ask("POST", revoke))["revoked_at"] is not None
    await supplied.portal("GET", "orders", expect=401)
    stored = await shop.runtime.pool.fetchval("SELECT string_agg(k::text, '') FROM supplier_keys k")
    assert supplied.key.rpartition("_")[2] not in stored


async def test_bad_confirmations_and_shipments_are_refused_by_field(supplied: Any) -> None:
    order = await supplied.order(10)
    stranger = "00000000000055"
    path = f"orders/{order['purchase_order_id']}:confirm"
    for line, field in (
        ({"gtin": stranger, "quantity": 1}, "lines[0].gtin"),
        ({"gtin": supplied.gtin, "quantity": 10**9, "unit": "case"}, "lines[0].quantity"),
        ({"gtin": supplied.gtin, "quantity": -1}, "lines[0].quantity"),
    ):
        problem = await supplied.portal("POST", path, json={"lines": [line]}, expect=422)
        assert problem["errors"][0]["field"] == field
    base = {"purchase_order_id": order["purchase_order_id"], "shipped_at": "2026-11-26T08:00:00Z"}
    for changes, field in (
        ({"lines": [{"gtin": stranger, "quantity": 1}]}, "lines[0].gtin"),
        ({"lines": [{"gtin": supplied.gtin, "quantity": 1, "codes": ["x"]}]}, "lines[0].codes[0]"),
        (
            {"lines": [{"gtin": supplied.gtin, "quantity": 1}], "shipped_at": "0001-01-01T00:00:00Z"},
            "shipped_at",
        ),
    ):
        problem = await supplied.portal("PUT", "shipments/A", json=base | changes, expect=422)
        assert problem["errors"][0]["field"] == field
    lost = base | {"purchase_order_id": str(uuid4()), "lines": [{"gtin": supplied.gtin, "quantity": 1}]}
    await supplied.portal("PUT", "shipments/A", json=lost, expect=404)


async def test_suppliers_are_told_by_signed_webhooks_in_the_transaction(supplied: Any) -> None:
    shop = supplied.shop
    made = await shop.ask("PUT", "/v1/suppliers/V1/webhook", json=HOOK, expect=201)
    assert made["secret"].startswith("whsec_")
    again = await shop.ask("PUT", "/v1/suppliers/V1/webhook", json=HOOK)
    assert again["secret"] is None
    private = {"url": "https://127.0.0.1/hooks"}
    problem = await shop.ask("PUT", "/v1/suppliers/V1/webhook", json=private, expect=422)
    assert problem["errors"][0]["field"] == "url"
    order = await supplied.order(10)
    await supplied.act(order, "amend", {"reason": "less", "lines": [{"gtin": supplied.gtin, "quantity": 4}]})
    await supplied.act(order, "cancel", {"reason": "none"})
    told = (await supplied.portal("GET", "notices"))["items"]
    assert [each["topic"].rpartition(".")[2] for each in told] == ["placed", "amended", "cancelled"]
    assert {each["subject"] for each in told} == {order["purchase_order_id"]}
    assert told == (await shop.ask("GET", "/v1/suppliers/V1/notices"))["items"]
    row = await shop.runtime.pool.fetchrow("SELECT * FROM deliveries ORDER BY delivery_id LIMIT 1")
    assert (row["target"], row["secret"]) == (HOOK["url"], made["secret"])
    assert row["body"]["lines"] == [{"gtin": supplied.gtin, "quantity_sticks": 2000}]

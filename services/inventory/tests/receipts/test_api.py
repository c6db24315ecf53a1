from uuid import uuid4

from humidor_inventory.testing.shop import STORE, Shop, make_gtin


async def test_a_receipt_raises_its_lots_and_tells_it(shop: Shop, gtin: str) -> None:
    await shop.put_product(gtin, shelf_life_days=365)
    lines = [
        {"gtin": gtin, "quantity": 2, "unit": "carton", "lot": "A", "production_date": "2026-11-01"},
        {"gtin": gtin, "quantity": 7, "unit": "stick"},
    ]
    receipt = await shop.receive(lines=lines)
    assert [(each["lot"], each["quantity_sticks"]) for each in receipt["lines"]] == [("A", 400), ("", 7)]
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["loose_sticks"], stock["on_hand_sticks"]) == (20, 7, 407)
    found = await shop.ask("GET", f"/v1/stock/{STORE}/{gtin}/lots?unit=stick")
    assert [(each["lot"], each["expiry_date"], each["on_hand"]) for each in found["items"]] == [
        ("A", "2027-11-01", 400),
        ("", None, 7),
    ]
    assert await shop.ask("GET", f"/v1/receipts/{receipt['receipt_id']}") == receipt
    assert await shop.outbox("inventory.goods-received.v1") == 1


async def test_the_same_key_books_once(shop: Shop, gtin: str) -> None:
    body = {"store_id": STORE, "kind": "opening", "lines": [{"gtin": gtin, "quantity": 3}]}
    headers = shop.auth() | {"Idempotency-Key": "opening-1"}
    first = await shop.ask("POST", "/v1/receipts", json=body, headers=headers, expect=201)
    assert first == await shop.ask("POST", "/v1/receipts", json=body, headers=headers, expect=201)
    assert (await shop.stock(gtin))["on_hand"] == 3
    assert (await shop.entries(gtin))[0][1] == "opening"
    body["lines"] = [{"gtin": gtin, "quantity": 4}]
    await shop.ask("POST", "/v1/receipts", json=body, headers=headers, expect=422)


async def test_thousands_of_lines_come_in_with_one_request(shop: Shop) -> None:
    gtins = [make_gtin(number) for number in range(1000)]
    products = [{"gtin": gtin, "name": "x", "brand": "y"} for gtin in gtins]
    answer = await shop.ask("POST", "/v1/products:batch", json={"products": products})
    assert {each["status"] for each in answer["results"]} == {"created"}
    await shop.receive(*((gtin, 1, lot) for gtin in gtins for lot in ("A", "B", "C")), kind="opening")
    page = await shop.ask("GET", f"/v1/stock?store_id={STORE}&limit=1000")
    assert {each["on_hand"] for each in page["items"]} == {3}
    assert len(page["items"]) == 1000
    await shop.check()


async def test_one_bad_line_keeps_the_whole_receipt_out(shop: Shop, gtin: str) -> None:
    await shop.receive(lines=[{"gtin": gtin, "quantity": 1, "lot": "A", "expiry_date": "2027-01-01"}])
    for bad, field in (
        ({"gtin": make_gtin(99), "quantity": 1}, "lines[1].gtin"),
        ({"gtin": gtin, "quantity": 0}, "lines[1].quantity"),
        ({"gtin": gtin, "quantity": 10**9, "unit": "case"}, "lines[1].quantity"),
        ({"gtin": gtin, "quantity": 1, "lot": "A", "expiry_date": "2027-01-02"}, "lines[1].expiry_date"),
        ({"gtin": gtin, "quantity": 1, "unit": "bale"}, "lines[1].unit"),
        ({"gtin": gtin[:-1] + "x", "quantity": 1}, "lines[1].gtin"),
        ({"gtin": gtin, "quantity": 1, "colour": "red"}, "lines[1].colour"),
    ):
        problem = await shop.receive(lines=[{"gtin": gtin, "quantity": 1}, bad], expect=422)
        assert problem["errors"][0]["field"] == field
    unknown = await shop.receive((gtin, 1, None), store_id="S0404", expect=422)
    assert unknown["errors"][0]["field"] == "store_id"
    await shop.receive((gtin, 1, None), purchase_order_id=str(uuid4()), expect=422)
    assert (await shop.stock(gtin))["on_hand"] == 1


async def test_an_adjustment_corrects_one_lot_and_never_below_zero(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"))
    base = {"store_id": STORE, "gtin": gtin, "lot": "A"}
    await shop.ask(
        "POST", "/v1/adjustments", json=base | {"quantity": -2, "reason_code": "damage"}, expect=201
    )
    assert await shop.lots(gtin) == {"A": (3, 0)}
    problem = await shop.ask(
        "POST", "/v1/adjustments", json=base | {"quantity": -4, "reason_code": "theft"}, expect=409
    )
    assert problem["code"] == "not-enough-stock"
    for code, packs, lots in (("quarantine", 2, (1, 2)), ("release", 1, (2, 1))):
        body = base | {"quantity": packs, "reason_code": code, "note": "mould seen"}
        await shop.ask("POST", "/v1/adjustments", json=body, expect=201)
        assert await shop.lots(gtin) == {"A": lots}
    await shop.check()


async def test_an_operator_books_only_for_their_own_store(shop: Shop, gtin: str) -> None:
    stranger = shop.auth("manager", stores=["S0002"])
    receipt = await shop.receive((gtin, 1, "A"))
    body = {"store_id": STORE, "lines": [{"gtin": gtin, "quantity": 3}]}
    await shop.ask("POST", "/v1/receipts", json=body, headers=stranger, expect=403)
    await shop.ask("GET", f"/v1/receipts/{receipt['receipt_id']}", headers=stranger, expect=404)
    adjustment = {"store_id": STORE, "gtin": gtin, "quantity": 1, "reason_code": "found"}
    await shop.ask("POST", "/v1/adjustments", json=adjustment, headers=stranger, expect=403)
    for path in (f"/v1/stock/{STORE}/{gtin}/lots", f"/v1/stock/{STORE}/{gtin}/ledger"):
        await shop.ask("GET", path, headers=stranger, expect=403)
    assert (await shop.ask("GET", f"/v1/stock?gtin={gtin}", headers=stranger))["items"] == []
    reader = shop.auth("clerk", stores=[STORE])
    await shop.ask("POST", "/v1/receipts", json=body, headers=reader, expect=403)
    assert (await shop.ask("GET", f"/v1/stock?gtin={gtin}", headers=reader))["items"][0]["on_hand"] == 1

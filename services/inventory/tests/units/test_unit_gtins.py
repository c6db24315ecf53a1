"""A carton's own GTIN stands for the product and the unit, wherever it is scanned."""

from typing import Any

import pytest

from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, returned, sale

CARTON, CASE = make_gtin(91), make_gtin(92)
UNITS = [{"gtin": CARTON, "unit": "carton"}, {"gtin": CASE, "unit": "case"}]


@pytest.fixture
async def labelled(shop: Shop, gtin: str) -> str:
    await shop.put_product(gtin, unit_gtins=UNITS)
    return gtin


async def test_a_cartons_gtin_books_cartons_of_its_product_everywhere(shop: Shop, labelled: str) -> None:
    await shop.put_store("S0002")
    lines = [{"gtin": CARTON, "quantity": 3, "lot": "A"}, {"gtin": labelled, "quantity": 5, "lot": "A"}]
    received = await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)
    assert [(each["gtin"], each["quantity_sticks"]) for each in received["lines"]] == [
        (labelled, 600),
        (labelled, 100),
    ]
    sold = sale(line(CARTON[1:], 1, unit="carton"), line(labelled, 2, line=2))
    await shop.deliver(sold, returned(sold.sale_id, line(labelled, 4)))
    assert (await shop.stock(labelled))["on_hand"] == 27
    await shop.deliver(sale(line(CARTON, 1, unit="pack")))  # the GTIN says what was scanned
    assert (await shop.stock(labelled))["on_hand"] == 17
    body = {"from_store_id": STORE, "to_store_id": "S0002", "dispatch": True}
    sent = await shop.ask(
        "POST", "/v1/transfers", json=body | {"lines": [{"gtin": CARTON, "quantity": 1}]}, expect=201
    )
    arrived = {"lines": [{"gtin": CARTON, "received": 1}]}
    await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json=arrived)
    assert (await shop.stock(labelled, "S0002"))["on_hand"] == 10
    given = {"store_id": "S0002", "gtin": CARTON, "quantity": 1, "lot": "A", "reason_code": "damaged"}
    await shop.ask("POST", "/v1/write-offs", json=given | {"evidence": "seen"}, expect=201)
    assert (await shop.stock(labelled, "S0002"))["on_hand"] == 0
    await shop.check()


async def test_counts_of_cartons_count_their_product(shop: Shop, labelled: str) -> None:
    await shop.receive((labelled, 40, None))
    counting = Counting(shop)
    await counting.begin()
    wrong = {
        "count_id": "0190a6f2-7c1e-7000-8000-000000000009",
        "gtin": CARTON,
        "quantity": 3,
        "unit": "pack",
    }
    assert await counting.send(wrong) == [("rejected", "unit-mismatch")]
    await counting.upload(f"gtin,quantity\n{CARTON},3\n".encode(), dry_run=False)
    assert (await counting.line(labelled))["counted_sticks"] == 600
    both = f"gtin,quantity\n{CARTON},3\n{labelled},7\n".encode()
    problem = await counting.upload(both, dry_run=False, expect=422)
    assert problem["errors"][0]["field"] == "row 3, gtin"


async def test_a_sale_of_an_unknown_carton_is_applied_once_its_number_is_known(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 30, "A"))
    await shop.deliver(sale(line(CARTON, 2, unit="carton")))
    parked = (await shop.ask("GET", "/v1/parked-lines"))["items"]
    assert [each["gtin"] for each in parked] == [CARTON]
    await shop.put_product(gtin, unit_gtins=UNITS)
    assert (await shop.stock(gtin))["on_hand"] == 10
    assert (await shop.ask("GET", "/v1/parked-lines"))["items"] == []
    await shop.check()


async def test_a_number_stands_for_one_thing_only(shop: Shop, labelled: str) -> None:
    other, third = make_gtin(2), make_gtin(3)
    body: dict[str, Any] = {"name": "Other", "brand": "Harbour"}
    for path, changes in (
        (other, {"unit_gtins": [{"gtin": CARTON, "unit": "carton"}]}),
        (other, {"unit_gtins": [{"gtin": other, "unit": "carton"}]}),
        (other, {"unit_gtins": [{"gtin": labelled, "unit": "carton"}]}),
        (CARTON, {}),
    ):
        problem = await shop.ask("PUT", f"/v1/products/{path}", json=body | changes, expect=409)
        assert problem["code"] == "gtin-in-use"
    twice = [{"gtin": third, "unit": "carton"}] * 2
    await shop.ask("PUT", f"/v1/products/{other}", json=body | {"unit_gtins": twice}, expect=422)
    same = [{"gtin": make_gtin(4), "unit": "carton"}]
    batch = {"products": [body | {"gtin": each, "unit_gtins": same} for each in (other, third)]}
    results = (await shop.ask("POST", "/v1/products:batch", json=batch))["results"]
    assert [each["status"] for each in results] == ["created", "rejected"]
    item = await shop.ask("GET", f"/v1/trade-items/{CASE}")
    assert (item["product_gtin"], item["unit"], item["sticks"]) == (labelled, "case", 10_000)
    own = await shop.ask("GET", f"/v1/trade-items/{labelled}")
    assert (own["product_gtin"], own["unit"]) == (labelled, None)
    await shop.ask("GET", f"/v1/trade-items/{make_gtin(99)}", expect=404)
    await shop.put_product(labelled, name="another name")
    assert (await shop.ask("GET", f"/v1/trade-items/{CASE}"))["unit"] == "case"
    await shop.put_product(labelled, unit_gtins=UNITS[:1])
    await shop.ask("GET", f"/v1/trade-items/{CASE}", expect=404)
    said = {"store_id": STORE, "lines": [{"gtin": CARTON, "quantity": 1, "unit": "case"}]}
    problem = await shop.ask("POST", "/v1/receipts", json=said, expect=422)
    assert problem["errors"][0]["field"] == "lines[0].unit"

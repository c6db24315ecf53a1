"""Goods that are written off, and lots that are split and merged."""

from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop


async def dated(shop: Shop, gtin: str, lot: str, packs: int, expiry: str | None) -> None:
    line = {"gtin": gtin, "quantity": packs, "lot": lot, "expiry_date": expiry}
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": [line]}, expect=201)


async def expiries(shop: Shop, gtin: str) -> dict[str, str | None]:
    found = await shop.ask("GET", f"/v1/stock/{STORE}/{gtin}/lots")
    return {lot["lot"]: lot["expiry_date"] for lot in found["items"]}


async def change(shop: Shop, kind: str, gtin: str, *, expect: int = 201, **given: Any) -> Any:
    body = {"store_id": STORE, "gtin": gtin, "reason": "one pallet"} | given
    return await shop.ask("POST", f"/v1/lots:{kind}", json=body, expect=expect)


async def test_what_is_written_off_leaves_its_lot_with_a_reason_and_evidence(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    body = {
        "store_id": STORE,
        "gtin": gtin,
        "lot": "A",
        "quantity": 3,
        "reason_code": "mould",
        "evidence": "photos 11-14, report 2026/7",
    }
    headers = shop.auth() | {"Idempotency-Key": "w-1"}
    for _ in range(2):
        await shop.ask("POST", "/v1/write-offs", json=body, headers=dict(headers), expect=201)
    assert await shop.lots(gtin) == {"A": (7, 0)}
    assert (await shop.entries(gtin))[0] == ("A", "write_off", -3, "written_off")
    [listed] = (await shop.ask("GET", f"/v1/write-offs?store_id={STORE}"))["items"]
    assert (listed["reason_code"], listed["evidence"]) == ("mould", "photos 11-14, report 2026/7")
    too_much = await shop.ask("POST", "/v1/write-offs", json=body | {"quantity": 8}, expect=409)
    assert too_much["code"] == "not-enough-stock"
    await shop.ask(
        "POST", "/v1/write-offs", json={k: v for k, v in body.items() if k != "evidence"}, expect=422
    )
    await shop.check()


async def test_a_write_off_that_empties_the_shelf_suggests_to_order(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    level = {"reorder_point": 5, "order_up_to": 10}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=level, expect=201)
    body = {
        "store_id": STORE,
        "gtin": gtin,
        "lot": "A",
        "quantity": 6,
        "reason_code": "wet",
        "evidence": "roof",
    }
    await shop.ask("POST", "/v1/write-offs", json=body, expect=201)
    [open_one] = (await shop.ask("GET", "/v1/replenishments?state=open"))["items"]
    assert open_one["quantity"] == 6


async def test_a_part_of_a_lot_becomes_a_lot_with_the_same_dates(shop: Shop, gtin: str) -> None:
    await dated(shop, gtin, "A", 10, "2098-01-01")
    done = await change(shop, "split", gtin, lot="A", new_lot="A/2", quantity=45, unit="stick")
    assert (done["kind"], done["expiry_date"]) == ("split", "2098-01-01")
    found = await shop.ask("GET", f"/v1/stock/{STORE}/{gtin}/lots")
    assert {x["lot"]: (x["on_hand_sticks"], x["expiry_date"]) for x in found["items"]} == {
        "A": (155, "2098-01-01"),
        "A/2": (45, "2098-01-01"),
    }
    assert (await shop.stock(gtin))["on_hand"] == 10
    refused = await change(shop, "split", gtin, lot="A", new_lot="B", quantity=8, expect=409)
    assert refused["code"] == "not-enough-stock"
    await dated(shop, gtin, "C", 1, "2099-01-01")
    refused = await change(shop, "split", gtin, lot="A", new_lot="C", quantity=1, expect=409)
    assert refused["code"] == "lots-differ"
    await shop.check()


async def test_lots_that_are_merged_expire_with_the_first_of_them(shop: Shop, gtin: str) -> None:
    for lot, packs, expiry in (("A", 3, "2098-03-01"), ("B", 4, "2098-01-01"), ("C", 5, None)):
        await dated(shop, gtin, lot, packs, expiry)
    quarantine = {"store_id": STORE, "gtin": gtin, "lot": "A", "quantity": 1, "reason_code": "quarantine"}
    await shop.ask("POST", "/v1/adjustments", json=quarantine, expect=201)
    done = await change(shop, "merge", gtin, lots=["A", "B", "C"], into="C")
    assert [(p["from_lot"], p["on_hand_sticks"], p["quarantined_sticks"]) for p in done["parts"]] == [
        ("A", 40, 20),
        ("B", 80, 0),
    ]
    assert await shop.lots(gtin) == {"C": (11, 1)}
    assert await expiries(shop, gtin) == {"C": "2098-01-01"}
    await change(shop, "merge", gtin, lots=["A"], into="D", expect=409)
    await shop.check()


async def test_expired_and_held_goods_are_not_made_sound_by_a_merge(shop: Shop, gtin: str) -> None:
    await dated(shop, gtin, "OVER", 3, "2020-01-01")
    await dated(shop, gtin, "GOOD", 3, "2099-01-01")
    await dated(shop, gtin, "HELD", 3, "2099-01-01")
    await shop.runtime.pool.execute("UPDATE lot_stock SET held = true WHERE lot = 'HELD'")
    for lots, code in ((["OVER", "GOOD"], "lots-differ"), (["HELD", "GOOD"], "lot-held")):
        refused = await change(shop, "merge", gtin, lots=lots, into="ALL", expect=409)
        assert refused["code"] == code
    refused = await change(shop, "split", gtin, lot="HELD", new_lot="FREE", quantity=1, expect=409)
    assert refused["code"] == "lot-held"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("split", {"lot": "A", "new_lot": "A", "quantity": 1}),
        ("merge", {"lots": ["A"], "into": "A"}),
        ("merge", {"lots": ["A", "A"], "into": "B"}),
    ],
)
async def test_a_lot_is_not_split_or_merged_into_itself(
    shop: Shop, gtin: str, kind: str, given: dict[str, Any]
) -> None:
    await change(shop, kind, gtin, expect=422, **given)

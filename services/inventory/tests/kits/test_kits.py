"""Kits are made of lots and taken apart into them again; not a stick appears or is lost."""

from typing import Any
from uuid import uuid4

import pytest

from humidor_inventory.kits.rules import Part, misnamed, take_apart
from humidor_inventory.stock.rules import Lot
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

KIT, RED, BLUE = make_gtin(50), make_gtin(51), make_gtin(52)
COMPONENTS = [{"gtin": RED, "quantity": 2}, {"gtin": BLUE, "quantity": 1}]


def lot(gtin: str, packs: int, code: str, expires: str) -> dict[str, Any]:
    return {"gtin": gtin, "quantity": packs, "lot": code, "expiry_date": expires}


@pytest.fixture
async def kit(shop: Shop) -> str:
    """A gift box of two packs of RED (lots R1, R2) and one of BLUE (B1); B0 is expired."""
    for gtin in (RED, BLUE):
        await shop.put_product(gtin)
    await shop.put_product(KIT, sticks_per_pack=60, packs_per_carton=1)
    await shop.ask("PUT", f"/v1/kits/{KIT}", json={"components": COMPONENTS}, expect=201)
    lines = [
        lot(RED, 3, "R1", "2031-05-01"),
        lot(RED, 20, "R2", "2032-01-01"),
        lot(BLUE, 20, "B1", "2031-09-01"),
        lot(BLUE, 20, "B0", "2020-01-01"),
    ]
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)
    return KIT


async def make(shop: Shop, kits: int, expect: int = 201, **changes: Any) -> Any:
    body = {"store_id": STORE, "quantity": kits} | changes
    return await shop.ask("POST", f"/v1/kits/{KIT}:assemble", json=body, expect=expect)


async def take(shop: Shop, kits: int, lot_code: str, expect: int = 201, **changes: Any) -> Any:
    body = {"store_id": STORE, "quantity": kits, "lot": lot_code} | changes
    return await shop.ask("POST", f"/v1/kits/{KIT}:disassemble", json=body, expect=expect)


async def test_kits_expire_with_the_first_of_their_parts_and_come_apart_into_the_same_lots(
    shop: Shop, kit: str
) -> None:
    made = await make(shop, 4, lot="BOX1")
    assert [(part["lot"], part["sticks"]) for part in made["parts"]] == [("R1", 60), ("R2", 100), ("B1", 80)]
    assert await shop.lots(kit) == {"BOX1": (4, 0)}
    (box,) = (await shop.ask("GET", f"/v1/stock/{STORE}/{kit}/lots"))["items"]
    assert box["expiry_date"] == "2031-05-01"
    assert await shop.lots(RED) == {"R2": (15, 0)}
    assert await shop.lots(BLUE) == {"B0": (20, 0), "B1": (16, 0)}
    await shop.deliver(sale(line(kit, 1)))
    back = await take(shop, 2, "BOX1")
    assert [(part["lot"], part["sticks"]) for part in back["parts"]] == [("R1", 60), ("R2", 20), ("B1", 40)]
    assert (await shop.lots(RED), await shop.lots(kit)) == ({"R1": (3, 0), "R2": (16, 0)}, {"BOX1": (1, 0)})
    named = [{"gtin": RED, "lot": "R2", "quantity": 2}]
    last = await take(shop, 1, "BOX1", parts=named)
    assert [(part["lot"], part["sticks"]) for part in last["parts"]] == [("R2", 40), ("B1", 20)]
    assert [each["kind"] for each in (await shop.ask("GET", f"/v1/assemblies?gtin={kit}"))["items"]] == [
        "assemble",
        "disassemble",
        "disassemble",
    ]
    trail = await shop.runtime.pool.fetch("SELECT action FROM audit_trail WHERE entity = 'kit' ORDER BY id")
    assert [row[0] for row in trail] == ["create", "assemble", "disassemble", "disassemble"]
    await shop.check()


async def test_kits_are_made_all_or_none_and_of_sound_goods_that_nobody_has_reserved(
    shop: Shop, kit: str
) -> None:
    problem = await make(shop, 12, expect=409)
    assert problem["code"] == "not-enough-stock"
    reserved = {"store_id": STORE, "gtin": BLUE, "quantity": 18}
    await shop.ask("POST", "/v1/reservations", json=reserved, expect=201)
    assert (await make(shop, 3, expect=409))["code"] == "not-enough-stock"
    expired = [{"gtin": BLUE, "lot": "B0", "quantity": 2}]
    assert (await make(shop, 2, parts=expired, expect=409))["code"] == "lot-unsound"
    short = [{"gtin": RED, "lot": "R2", "quantity": 1}]
    assert (await make(shop, 2, parts=short, expect=422))["errors"][0]["field"] == "parts"
    assert (await shop.lots(RED), await shop.lots(kit)) == ({"R1": (3, 0), "R2": (20, 0)}, {})
    key = {"Idempotency-Key": uuid4().hex} | shop.auth()
    body = {"store_id": STORE, "quantity": 2}
    for _ in range(2):
        await shop.ask("POST", f"/v1/kits/{kit}:assemble", json=body, headers=key, expect=201)
    assert (await shop.stock(kit))["on_hand"] == 2
    made = (await shop.ask("GET", "/v1/assemblies"))["items"][0]
    assert (await make(shop, 1, lot=made["lot"], expect=409))["code"] == "not-enough-stock"
    await shop.ask("POST", f"/v1/stock/{STORE}/{kit}/lots/{made['lot']}:hold", json={"reason": "damp"})
    assert (await take(shop, 1, made["lot"], expect=409))["code"] == "lot-held"
    await shop.check()


async def test_kits_that_came_as_kits_come_apart_into_their_own_lot(shop: Shop, kit: str) -> None:
    given = {"store_id": STORE, "lines": [lot(kit, 2, "BOUGHT", "2030-02-02")]}
    await shop.ask("POST", "/v1/receipts", json=given, expect=201)
    await take(shop, 2, "BOUGHT")
    assert (await shop.lots(RED))["BOUGHT"] == (4, 0)
    found = (await shop.ask("GET", "/v1/lots", params={"gtin": BLUE, "expires_before": "2031-01-01"}))[
        "items"
    ]
    assert [(each["lot"], each["on_hand"]) for each in found if each["lot"] != "B0"] == [("BOUGHT", 2)]
    await shop.check()


async def test_what_a_kit_is_made_of_is_checked_and_stays_while_kits_are_about(shop: Shop, kit: str) -> None:
    for components, field in (
        ([{"gtin": RED, "quantity": 2}], "components"),
        ([{"gtin": kit, "quantity": 1}], "components[0].gtin"),
        ([{"gtin": make_gtin(99), "quantity": 1}], "components[0].gtin"),
        ([{"gtin": RED, "quantity": 1}, {"gtin": RED, "quantity": 2}], "components[1].gtin"),
    ):
        problem = await shop.ask("PUT", f"/v1/kits/{kit}", json={"components": components}, expect=422)
        assert problem["errors"][0]["field"] == field
    nested = {"components": [{"gtin": kit, "quantity": 1}]}
    await shop.put_product(make_gtin(60), sticks_per_pack=60)
    await shop.ask("PUT", f"/v1/kits/{make_gtin(60)}", json=nested, expect=422)
    await make(shop, 1, lot="BOX1")
    other = {"components": [{"gtin": RED, "quantity": 1}, {"gtin": BLUE, "quantity": 2}]}
    assert (await shop.ask("PUT", f"/v1/kits/{kit}", json=other, expect=409))["code"] == "kit-in-use"
    await take(shop, 1, "BOX1")
    stale = shop.auth() | {"If-Match": '"7"'}
    await shop.ask("PUT", f"/v1/kits/{kit}", json=other, headers=stale, expect=412)
    assert (await shop.ask("PUT", f"/v1/kits/{kit}", json=other))["version"] == 2
    bound = shop.auth("manager", stores=[STORE])
    await shop.ask("PUT", f"/v1/kits/{kit}", json=other, headers=bound, expect=403)
    elsewhere = {"store_id": "S0002", "quantity": 1}
    await shop.ask("POST", f"/v1/kits/{kit}:assemble", json=elsewhere, headers=bound, expect=403)
    assert [each["gtin"] for each in (await shop.ask("GET", "/v1/kits"))["items"]] == [kit]
    answer = await shop.client.delete(f"/v1/kits/{kit}", headers=shop.auth())
    assert answer.status_code == 204
    await shop.ask("GET", f"/v1/kits/{kit}", expect=404)


def test_parts_come_out_by_name_then_by_expiry_then_as_the_kit() -> None:
    kit = ("BOX", Lot("BOX", 60))
    recorded = [Part("g", "B", 20), Part("g", "A", 30)]
    assert [(p.lot, p.sticks) for p in take_apart({"g": 60}, recorded, [], kit)] == [
        ("A", 30),
        ("B", 20),
        ("BOX", 10),
    ]
    assert [(p.lot, p.sticks) for p in take_apart({"g": 60}, recorded, [("g", "Z", 60)], kit)] == [("Z", 60)]
    assert misnamed({"g": 60, "h": 1}, [("g", "A", 40), ("g", "B", 20)]) is None
    assert misnamed({"g": 60}, [("g", "A", 40)]) == "g"

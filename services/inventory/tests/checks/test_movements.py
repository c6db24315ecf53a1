"""What moved a store's stock, added up for a comparison with what pos says."""

from typing import Any
from uuid import uuid4

from humidor_inventory.testing.shop import STORE, Shop, line, returned, sale, voided


async def movements(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = await shop.ask("GET", "/v1/checks/movements", params={"store_id": STORE})
    return found


async def test_movements_are_added_up_by_reason_and_by_the_lots_that_people_name(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 100, "A"), kind="opening")
    await shop.deliver(sale(line(gtin, 7)), sale(line(gtin, 3)))
    found = await movements(shop)
    rows = {(m["reason"], m["lot"]): (m["entries"], m["delta_sticks"]) for m in found["movements"]}
    assert rows["sale", None] == (2, -200)
    assert rows["opening", "A"][0] == 1
    assert found["unequal_documents"] == 0


async def test_documents_are_told_apart_by_their_ids_and_not_by_their_order(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 100, "A"))
    one = sale(line(gtin, 7))
    await shop.deliver(one)
    first = (await movements(shop))["documents"]
    await shop.deliver(one)
    assert (await movements(shop))["documents"] == first
    await shop.deliver(sale(line(gtin, 7)))
    second = (await movements(shop))["documents"]
    assert [each["documents"] for each in second] == [2]
    assert second[0]["digest"] != first[0]["digest"]


async def test_what_lines_state_stands_beside_what_they_moved(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 100, "A"))
    sale_id = uuid4()
    await shop.deliver(
        sale(line(gtin, 7), sale_id=sale_id), returned(sale_id, line(gtin, 2)), voided(sale_id)
    )
    found = await movements(shop)
    assert {(s["kind"], s["sticks"]) for s in found["stated"]} == {("sale", 140), ("return", 40)}
    assert {each["kind"] for each in found["documents"]} == {"sale", "return", "void"}
    assert found["unequal_documents"] == 0


async def test_a_document_that_is_not_in_the_ledger_as_it_was_applied_is_counted(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 100, "A"))
    await shop.deliver(sale(line(gtin, 7)), sale(line(gtin, 3)))
    async with shop.runtime.pool.acquire() as conn:
        await conn.execute("UPDATE sale_documents SET moves = '[]' WHERE moves->0->>2 = '-60'")
    assert (await movements(shop))["unequal_documents"] == 1


async def test_another_stores_movements_are_not_shown(shop: Shop) -> None:
    await shop.ask(
        "GET", "/v1/checks/movements", params={"store_id": STORE}, expect=403,
        headers=shop.auth("manager", stores=["S0002"]),
    )  # fmt: skip

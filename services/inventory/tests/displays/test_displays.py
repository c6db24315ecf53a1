"""What stands in the cabinet, what behind it, and which cartons to open."""

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.displays.rules import Cabinet, drawn, place
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale
from humidor_inventory.units.rules import Factors

FACTORS = Factors.of(20, 10, 50)
sticks = st.integers(0, 10_000)


def test_the_worked_example_of_the_rules_holds() -> None:
    assert drawn([-40, -200, 20], FACTORS) == 20
    placing = place(Cabinet(400, 100, 400), 1200, 320, FACTORS)
    assert placing == (4, 5, 6, 16, 1)
    assert place(Cabinet(400, 100, 400), 1200, 0, FACTORS) == (20, 4, 0, 0, 0)
    assert place(Cabinet(400, 100, 400), -100, 0, FACTORS) == (0, 0, 0, 0, 0)


@given(st.integers(1, 50), sticks, sticks, st.integers(-500, 20_000), sticks)
def test_all_whole_packs_stand_somewhere_and_a_refill_finds_room_and_goods(
    capacity: int, refill_at: int, filled: int, on_hand: int, taken: int
) -> None:
    placing = place(Cabinet(capacity * 20, refill_at, filled), on_hand, taken, FACTORS)
    packs = placing.displayed_packs + placing.sealed_cartons * 10 + placing.loose_packs
    assert packs == max(on_hand, 0) // 20
    assert placing.displayed_packs + placing.refill_packs <= capacity
    assert placing.refill_packs <= placing.loose_packs + 10 * placing.open_cartons
    assert placing.open_cartons <= placing.sealed_cartons


async def test_packs_are_sold_from_the_cabinet_and_cartons_from_behind_it(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 60, "A"), (gtin, 40, "B"))
    path = f"/v1/displays/{STORE}/{gtin}"
    new = await shop.ask("PUT", path, json={"capacity_packs": 20, "refill_at_packs": 5})
    assert (new["displayed_packs"], new["sealed_cartons"], new["refill_packs"], new["open_cartons"]) == (
        (0, 10, 20, 2)
    )
    assert (await shop.ask("POST", f"{path}:refill", json={}))["displayed_packs"] == 20
    due = f"/v1/displays?store_id={STORE}&due=true"
    await shop.deliver(sale(line(gtin, 12)), sale(line(gtin, 3, unit="carton")))
    assert (await shop.ask("GET", due))["items"] == []
    await shop.deliver(sale(line(gtin, 4, lot="B")))
    (item,) = (await shop.ask("GET", due))["items"]
    assert (item["displayed_packs"], item["sealed_cartons"], item["loose_packs"]) == (4, 5, 0)
    assert (item["refill_packs"], item["open_cartons"], item["from_lot"]) == (16, 2, "A")
    assert (await shop.stock(gtin))["on_hand"] == 54
    seen = await shop.ask("POST", f"{path}:refill", json={"displayed_packs": 18})
    assert (seen["displayed_packs"], seen["sealed_cartons"], seen["loose_packs"]) == (18, 3, 6)
    problem = await shop.ask("POST", f"{path}:refill", json={"displayed_packs": 21}, expect=409)
    assert problem["errors"][0]["field"] == "displayed_packs"
    stranger = shop.auth("clerk", stores=["S0002"])
    await shop.ask("GET", due, headers=stranger, expect=403)
    await shop.ask("POST", f"/v1/displays/{STORE}/{make_gtin(9)}:refill", json={}, expect=404)

"""A unit that was mistaken is caught and asked about; what is plausible is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.receipts.rules import KEPT_HABIT, Awaited, doubt, usual
from humidor_inventory.testing.shop import STORE, Shop
from humidor_inventory.units.rules import UNITS, Factors, Unit

CIGARETTES = Factors.of(20, 10, 50)
LINES = st.tuples(st.integers(1, 500), st.sampled_from(UNITS))


@pytest.mark.parametrize(
    ("quantity", "unit", "awaited", "found"),
    [
        (12, "pack", Awaited(rest=2400, most=2880), ("other_unit", "carton")),
        (12, "carton", Awaited(rest=240, most=288), ("other_unit", "pack")),
        (12, "case", Awaited(rest=2400, most=2880), ("other_unit", "carton")),
        (11, "case", Awaited(rest=2400, most=2880), ("other_unit", "carton")),
        (240, "stick", Awaited(rest=4800, most=5760), ("other_unit", "pack")),
        (13, "carton", Awaited(rest=2400, most=2400), ("more_than_ordered", "pack")),
        (11, "pack", Awaited(rest=2400, most=2880), None),
        (14, "carton", Awaited(rest=2400, most=2880), None),
        (1, "stick", Awaited(rest=0, most=0), ("more_than_ordered", None)),
        (12, "carton", Awaited(usual=240), ("far_from_usual", "pack")),
        (11, "carton", Awaited(usual=240), None),
        (10**6, "case", Awaited(), None),
    ],
)
def test_doubts(quantity: int, unit: Unit, awaited: Awaited, found: tuple[str, str | None] | None) -> None:
    suspicion = doubt(quantity, unit, CIGARETTES, awaited)
    if found and found[0] == "more_than_ordered" and found[1]:
        found = ("other_unit", found[1])  # as many packs would fit
    assert (suspicion and (suspicion.doubt, suspicion.unit)) == found


@given(LINES, st.integers(0, 100))
def test_exactly_what_is_awaited_is_never_doubted(line: tuple[int, Unit], percent: int) -> None:
    sticks = line[0] * getattr(CIGARETTES, line[1])
    most = sticks + sticks * percent // 100
    assert doubt(*line, CIGARETTES, Awaited(rest=sticks, most=most, usual=1)) is None


@given(LINES, LINES)
def test_the_same_number_in_another_unit_than_awaited_is_always_doubted(
    ordered: tuple[int, Unit], received: tuple[int, Unit]
) -> None:
    rest = ordered[0] * getattr(CIGARETTES, ordered[1])
    suspicion = doubt(ordered[0], received[1], CIGARETTES, Awaited(rest=rest, most=2 * rest))
    if ordered[1] == received[1]:
        assert suspicion is None
    else:
        assert suspicion is not None
        assert suspicion.unit == ordered[1]


@given(LINES, st.integers(0, 10**7), st.integers(0, 10**6))
def test_more_than_the_tolerance_lets_through_is_always_doubted(
    line: tuple[int, Unit], rest: int, more: int
) -> None:
    sticks = line[0] * getattr(CIGARETTES, line[1])
    suspicion = doubt(*line, CIGARETTES, Awaited(rest=rest, most=rest + more))
    assert sticks <= rest + more or suspicion is not None


def test_what_is_usual_is_the_median_of_the_last_receipts_or_else_the_level() -> None:
    assert usual([200, 220, 9000], 400) == 220
    assert usual([200, 220], 400) == 400
    assert usual([], None) is None


async def test_a_receipt_far_from_the_usual_is_booked_once_it_is_confirmed(shop: Shop, gtin: str) -> None:
    for packs in (10, 11, 12):
        await shop.receive((gtin, packs, "A"))
    line = {"gtin": gtin, "quantity": 11, "unit": "carton", "lot": "B"}
    problem = await shop.receive(lines=[{"gtin": gtin, "quantity": 1}, line], expect=409)
    assert problem["code"] == "implausible-quantity"
    assert problem["errors"][0]["field"] == "lines[1].quantity"
    assert "11 pack" in problem["detail"]
    assert "confirm" in problem["detail"]
    assert (await shop.stock(gtin))["on_hand"] == 33
    await shop.receive(lines=[line | {"confirm": True}])
    assert (await shop.stock(gtin))["on_hand"] == 143
    kept = await shop.runtime.pool.fetchval("SELECT recent_sticks FROM receipt_habits WHERE gtin = $1", gtin)
    assert kept == [200, 220, 240, 2200]
    for _ in range(KEPT_HABIT):
        await shop.receive((gtin, 1, "C"))
    kept = await shop.runtime.pool.fetchval("SELECT recent_sticks FROM receipt_habits WHERE gtin = $1", gtin)
    assert kept == [20] * KEPT_HABIT


async def test_opening_stock_is_held_against_the_level(shop: Shop, gtin: str) -> None:
    level = {"reorder_point": 10, "order_up_to": 40}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=level, expect=201)
    line = {"gtin": gtin, "quantity": 40, "unit": "carton"}
    problem = await shop.receive(kind="opening", lines=[line], expect=409)
    assert problem["code"] == "implausible-quantity"
    await shop.receive(kind="opening", lines=[line | {"unit": "pack"}])

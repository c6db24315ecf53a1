from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.stock.rules import (
    EXPLANATIONS,
    UNATTRIBUTED,
    Lot,
    Take,
    allocate,
    fefo_order,
    give_back,
    settle,
    status,
)

DAY = date(2026, 11, 23)

days = st.none() | st.dates(DAY - timedelta(days=30), DAY + timedelta(days=30))
lots = st.lists(
    st.builds(
        Lot,
        lot=st.sampled_from(["", "A", "B", "C", "D"]),
        on_hand=st.integers(0, 50),
        expiry_date=days,
        production_date=days,
        held=st.booleans(),
    ),
    unique_by=lambda lot: lot.lot,
    max_size=5,
).map(fefo_order)


@given(lots, st.integers(1, 200), st.sampled_from([None, "A", "B", "Z"]))
def test_what_is_taken_is_what_was_sold_and_no_lot_but_the_unattributed_falls_below_zero(
    stock: list[Lot], sticks: int, scanned: str | None
) -> None:
    before = sum(lot.on_hand for lot in stock)
    takes = allocate(stock, sticks, DAY, scanned)
    assert sum(take.sticks for take in takes) == sticks
    assert all(take.sticks > 0 and take.why in EXPLANATIONS for take in takes)
    assert sum(lot.on_hand for lot in stock) == before - sticks
    assert all(lot.on_hand >= 0 for lot in stock if lot.lot != UNATTRIBUTED)


@given(lots, st.integers(1, 200))
def test_a_later_lot_is_taken_only_when_every_older_sound_one_is_empty(stock: list[Lot], sticks: int) -> None:
    taken = {take.lot for take in allocate(stock, sticks, DAY) if take.why.startswith("fefo")}
    sound = [lot for lot in stock if lot.sound(DAY)]
    for older, later in pairwise(sound):
        if later.lot in taken:
            assert older.on_hand <= 0


@given(lots, st.integers(1, 200))
def test_held_and_expired_lots_are_taken_only_when_scanned(stock: list[Lot], sticks: int) -> None:
    unsound = {lot.lot for lot in stock if not lot.sound(DAY)}
    for take in allocate(stock, sticks, DAY):
        assert take.lot not in unsound or take.why in ("no_stock", "no_sound_lot")


def test_fefo_orders_by_expiry_then_production_then_receipt_then_code() -> None:
    known = date(2027, 1, 1)
    ordered = fefo_order(
        [
            Lot("no dates"),
            Lot("b", expiry_date=known),
            Lot("a", expiry_date=known),
            Lot("made early", expiry_date=known, production_date=date(2026, 1, 1)),
            Lot("late", expiry_date=date(2028, 1, 1)),
        ]
    )
    assert [lot.lot for lot in ordered] == ["made early", "a", "b", "late", "no dates"]


def test_a_short_lot_is_split_with_the_next_one() -> None:
    assert allocate([Lot("a", 3), Lot("b", 9)], 5, DAY) == [
        Take("a", 3, "fefo_split"),
        Take("b", 2, "fefo_split"),
    ]


def test_a_lot_may_be_sold_on_its_expiry_date_and_not_after() -> None:
    lot = Lot("a", 1, expiry_date=DAY)
    assert status(lot, DAY) == "sound"
    assert status(lot, DAY + timedelta(days=1)) == "expired"


@given(st.lists(st.integers(0, 20), max_size=5), st.integers(1, 100))
def test_a_shortfall_is_covered_as_far_as_the_lots_reach(held: list[int], shortfall: int) -> None:
    stock = [Lot(f"L{i}", sticks) for i, sticks in enumerate(held)]
    takes = settle(stock, shortfall)
    assert sum(take.sticks for take in takes) == min(shortfall, sum(held))
    assert all(lot.on_hand >= 0 for lot in stock)


@given(
    st.dictionaries(st.sampled_from(["", "A", "B"]), st.integers(-5, 20)),
    st.integers(1, 60),
    st.sampled_from([None, "A", "Z"]),
    st.booleans(),
)
def test_all_that_comes_back_goes_to_some_lot(
    outstanding: dict[str, int], sticks: int, named: str | None, known: bool
) -> None:
    before = dict(outstanding)
    takes = give_back(outstanding, sticks, named, known=known)
    assert sum(take.sticks for take in takes) == sticks
    for take in takes:
        if take.why == "sale_lot":
            assert outstanding[take.lot] == before[take.lot] - take.sticks >= 0

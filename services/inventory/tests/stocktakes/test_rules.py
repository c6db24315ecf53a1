from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.stock.rules import UNATTRIBUTED, Lot
from humidor_inventory.stocktakes.accuracy import Finding, add_up
from humidor_inventory.stocktakes.rules import (
    Counted,
    Item,
    Thresholds,
    exceeded,
    judge,
    round_of,
    spread,
    value_of,
    wrong_unit,
)
from humidor_inventory.units.rules import Factors, Unit

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ITEM = Item(Factors(1, 20, 200, 10_000), 2500, "CNY")
ALLOWED = Thresholds(1, Decimal(2), None)


def counted(packs: int, book_packs: int, *, by: str = "li", minutes: int = 0, unit: Unit = "pack") -> Counted:
    quantity = packs if unit == "pack" else packs // 10
    return Counted(by, NOON + timedelta(minutes=minutes), quantity, unit, packs * 20, book_packs * 20)


@pytest.mark.parametrize(
    ("packs", "book", "allowed", "reasons"),
    [
        (100, 100, ALLOWED, ()),
        (99, 100, ALLOWED, ()),
        (98, 100, ALLOWED, ("quantity",)),
        (97, 100, ALLOWED, ("quantity", "percent")),
        (9, 10, ALLOWED, ("percent",)),
        (1, 0, ALLOWED, ("percent",)),
        (1, -3, ALLOWED, ("quantity", "percent")),
        (96, 100, Thresholds(None, None, 10_000), ()),
        (95, 100, Thresholds(None, None, 10_000), ("value",)),
        (0, 100, Thresholds(None, None, None), ()),
    ],
)
def test_a_recount_is_asked_for_where_a_threshold_is_passed(
    packs: int, book: int, allowed: Thresholds, reasons: tuple[str, ...]
) -> None:
    assert exceeded(counted(packs, book), ITEM, allowed) == reasons


def test_values_are_minor_units_rounded_away_from_zero() -> None:
    assert value_of(-30, ITEM) == -3750
    assert value_of(1, ITEM._replace(price_per_pack=2510)) == 126
    assert value_of(-1, ITEM._replace(price_per_pack=2510)) == -126
    assert value_of(5, ITEM._replace(price_per_pack=None)) is None


def test_packs_taken_for_cartons_are_noticed() -> None:
    assert wrong_unit(counted(30, 300), ITEM.factors)
    assert wrong_unit(counted(300, 30, unit="carton"), ITEM.factors)
    assert not wrong_unit(counted(295, 300), ITEM.factors)
    assert not wrong_unit(counted(150, 300), ITEM.factors)
    assert not wrong_unit(counted(0, 300), ITEM.factors)
    verdict = judge(1, [counted(30, 300)], ITEM, Thresholds(None, None, None))
    assert (verdict.status, verdict.reasons) == ("recount", ("unit",))


def test_a_second_count_stands_even_where_it_differs_from_the_books() -> None:
    assert judge(1, [], ITEM, ALLOWED).status == "uncounted"
    assert judge(1, [counted(90, 100)], ITEM, ALLOWED).status == "recount"
    assert judge(2, [counted(90, 100)], ITEM, ALLOWED).status == "settled"


def test_counters_of_one_round_agree_by_their_variances_and_not_by_their_figures() -> None:
    sold_between = [counted(100, 100), counted(95, 95, by="wang", minutes=5)]
    verdict = judge(1, sold_between, ITEM, ALLOWED)
    assert (verdict.status, verdict.chosen) == ("settled", sold_between[1])
    unlike = [counted(100, 100), counted(100, 95, by="wang", minutes=5)]
    assert judge(2, unlike, ITEM, ALLOWED).reasons == ("disagreement",)


def test_a_late_count_belongs_to_the_round_in_which_it_was_made() -> None:
    rounds = [NOON, NOON + timedelta(hours=1)]
    minutes = (-1, 0, 59, 60, 300)
    assert [round_of(NOON + timedelta(minutes=each), rounds) for each in minutes] == [0, 1, 1, 2, 2]


def test_a_loss_comes_off_the_named_lot_then_in_the_order_of_sales() -> None:
    lots = [Lot("b", 9), Lot("a", 5), Lot(UNATTRIBUTED, 0)]
    assert spread(-7, lots, UNATTRIBUTED) == [("a", -5), ("b", -2)]
    assert spread(-7, lots, "b") == [("b", -7)]
    assert spread(-20, lots, "b") == [("b", -9), ("a", -5), (UNATTRIBUTED, -6)]
    assert spread(4, lots, "c") == [("c", 4)]
    assert spread(0, lots, "c") == []


@given(
    st.integers(-60, 60),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 30)),
    st.integers(-10, 10),
    st.sampled_from([UNATTRIBUTED, "a", "z"]),
)
def test_the_parts_add_up_and_no_lot_falls_below_zero(
    variance: int, holds: dict[str, int], loose: int, named: str
) -> None:
    lots = [Lot(lot, sticks) for lot, sticks in holds.items()] + [Lot(UNATTRIBUTED, loose)]
    parts = spread(variance, lots, named)
    assert sum(sticks for _, sticks in parts) == variance
    assert all(holds[lot] + sticks >= 0 for lot, sticks in parts if lot in holds)


def test_the_record_measures_lines_units_and_values() -> None:
    record = add_up(
        [
            Finding(2000, 0, True, 250_000, 0, "CNY"),
            Finding(1000, -40, False, 125_000, -5000, "CNY"),
            Finding(400, 20, True, 50_000, 2500, "CNY"),
            Finding(100, 0, True, None, None, None),
        ]
    )
    assert (record.lines, record.accurate_lines, record.line_accuracy_percent) == (4, 2, 50.0)
    assert record.within_tolerance_percent == 75.0
    assert record.unit_accuracy_percent == round(100 * (3500 - 60) / 3500, 2)
    assert (record.net_variance_sticks, record.shrinkage_sticks, record.unpriced_lines) == (-20, 20, 1)
    (value,) = record.values
    assert (value.book_value, value.net_value, value.absolute_value) == (425_000, -2500, 7500)
    empty = add_up([])
    assert (empty.line_accuracy_percent, empty.unit_accuracy_percent) == (100.0, 100.0)

"""Suppliers are measured by what their deliveries show, and an outlier does not move the plan."""

from math import isclose
from statistics import fmean, stdev

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.scorecards.rules import (
    Counts,
    fill_rate,
    lead_time,
    moved,
    on_time_rate,
    quality_score,
)

DAYS = st.lists(st.floats(0, 60), min_size=5, max_size=40)


def test_the_lead_time_of_the_worked_example() -> None:
    found = lead_time([3, 3, 4, 3, 2, 40])
    assert found is not None
    assert (found.mean_days, round(found.sd_days, 2), found.deliveries, found.outliers) == (3.0, 0.71, 5, 1)


def test_fewer_than_five_deliveries_say_nothing() -> None:
    assert lead_time([3, 3, 3, 3]) is None
    assert lead_time([3, 3, 3, 3, 40]) is None


def test_a_day_more_than_always_is_no_outlier() -> None:
    found = lead_time([3, 3, 3, 3, 3, 4])
    assert found is not None
    assert found.outliers == 0


@given(st.lists(st.floats(2.5, 3.5), min_size=7, max_size=40), st.floats(30, 1000))
def test_one_extreme_delivery_changes_nothing(days: list[float], extreme: float) -> None:
    before, after = lead_time(days), lead_time([*days, extreme])
    assert before is not None
    assert after is not None
    assert before.outliers == after.outliers - 1 == 0
    assert isclose(before.mean_days, after.mean_days)


@given(DAYS)
def test_the_measure_is_the_mean_and_deviation_of_the_kept_in_any_order(days: list[float]) -> None:
    found = lead_time(days)
    assert (
        lead_time(days[::-1]) == found
        or found is None
        or isclose(
            found.mean_days,
            lead_time(days[::-1]).mean_days,  # type: ignore[union-attr]
        )
    )
    if found is not None:
        assert min(days) - 1e-9 <= found.mean_days <= max(days) + 1e-9
        assert found.deliveries + found.outliers == len(days)
        if found.outliers == 0:
            assert isclose(found.mean_days, fmean(days), abs_tol=1e-9)
            assert isclose(found.sd_days, stdev(days), abs_tol=1e-9)


def test_small_moves_are_noise() -> None:
    found = lead_time([3, 3, 4, 3, 2])
    assert found is not None
    assert moved(None, found)
    assert not moved((3.2, 0.6), found)
    assert moved((3.3, 0.7), found)
    assert moved((3.0, 1.0), found)


def test_rates_and_score_of_the_worked_examples() -> None:
    counts = Counts(
        receipts=4, received_sticks=10_000, damaged_sticks=200, returned_sticks=300, over_sticks=100,
        price_differences=1, requested_sticks=20_000, filled_sticks=19_000, orders_promised=4,
        orders_on_time=3,
    )  # fmt: skip
    assert quality_score(counts) == 94.0
    assert (fill_rate(counts), on_time_rate(counts)) == (0.95, 0.75)
    assert (quality_score(Counts()), fill_rate(Counts()), on_time_rate(Counts())) == (None, None, None)


@given(st.integers(1, 10**6), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 50))
def test_the_score_stays_between_0_and_100_and_faults_never_raise_it(
    received: int, damaged: int, over: int, prices: int
) -> None:
    bad = quality_score(
        Counts(receipts=1, received_sticks=received, damaged_sticks=damaged, over_sticks=over,
               price_differences=prices)
    )  # fmt: skip
    assert bad is not None
    assert 0 <= bad <= 100
    assert quality_score(Counts(receipts=1, received_sticks=received)) == 100

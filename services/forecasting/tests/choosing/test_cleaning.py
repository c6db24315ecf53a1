"""What is recorded becomes a sound history, and what was done is said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.choosing.cleaning import clean


def weeks(count: int, week: tuple[float, ...] = (10, 12, 11, 13, 20, 25, 8)) -> np.ndarray:
    return np.resize(np.array(week, dtype=np.float64), 7 * count)


def test_one_absurd_sale_is_cut_and_reported() -> None:
    values = weeks(20)
    values[60] = 99_999
    cleaned = clean(values)
    assert cleaned.values[60] == 25
    assert cleaned.notes == ["1 absurd amounts cut to 25 at most (the greatest was 99999)"]


def test_peaks_that_are_meant_and_levels_that_have_risen_stay() -> None:
    values = weeks(20)
    values[60] = 400
    assert clean(values, excused=[60]).values[60] == 400
    risen = np.concatenate([weeks(20), 30 * weeks(2)])
    assert np.array_equal(clean(risen).values, risen)
    exploding = 1.2 ** np.arange(100.0)
    assert np.array_equal(clean(exploding).values, exploding)


@pytest.mark.parametrize("day", [60, 100, 139])
def test_a_promotion_excuses_a_peak_but_not_any_amount(day: int) -> None:
    values = weeks(20)
    values[day] = 99_999
    cleaned = clean(values, excused=range(50, 140))
    assert cleaned.values[day] == 25
    assert "(the greatest was 99999)" in cleaned.notes[0]


@pytest.mark.parametrize("absurd", range(4))
def test_few_sales_are_judged_by_each_other(absurd: int) -> None:
    for gap in (1, 24):
        values = np.zeros(4 * gap)
        values[::gap] = 40, 20, 60, 20
        assert clean(values).notes == []
        values[absurd * gap] = 100_000
        cleaned = clean(values)
        assert cleaned.values.max() <= 60
        assert cleaned.notes[0].startswith("1 absurd amounts cut to")


def test_great_orders_that_chance_or_growth_explains_stay() -> None:
    random = np.random.default_rng(5)
    cut = 0
    for count in np.resize([3, 4, 5, 6, 8, 10, 20, 60, 300], 900):
        values = np.zeros(3 * count)
        values[random.choice(len(values), count, replace=False)] = random.exponential(100.0, count)
        cut += bool(clean(values).notes)
    assert cut <= 3
    twice = np.resize([20.0, 0, 0, 40, 0, 20, 0], 91)
    twice[[40, 60]] = 4_000
    assert clean(twice).notes == []


def test_what_comes_later_changes_nothing_that_was_filled_or_cut_before() -> None:
    random = np.random.default_rng(3)
    values = random.poisson(weeks(30)).astype(np.float64)
    out = {1, 2, 12, *range(60, 75), 139, 140, 141}
    values[list(out)] = 0.0
    values[[3, 90, 138]] = np.nan
    values[100] = 30_000
    cleaned = clean(values, censored=out, closed=[33, 137], excused=[50])
    for end in (17, 61, 70, 101, 140):
        for times in (0.0, 3.0):
            other = np.concatenate([values[:end], times * values[end:]])
            known = clean(other, censored=out, closed=[33, 137], excused=[50]).values[:end]
            assert np.array_equal(known, cleaned.values[:end])


def test_days_with_stock_outs_are_lifted_and_never_lowered() -> None:
    values = weeks(10)
    values[[30, 31]] = 0.0, 60.0
    cleaned = clean(values, censored=[30, 31])
    assert cleaned.values[30] == 11
    assert cleaned.values[31] == 60
    assert any("stock-outs lifted" in note for note in cleaned.notes)


def test_gaps_closed_days_and_returns_alone_are_filled_or_counted_as_nothing() -> None:
    values = weeks(10)
    values[[20, 40, 43]] = np.nan, 0.0, -5.0
    cleaned = clean(values, closed=[40])
    assert cleaned.values[[20, 40]].tolist() == [8.0, 25.0]
    assert cleaned.values[43] == 0.0
    assert len(cleaned.notes) == 3


def test_what_was_before_the_first_demand_is_left_out() -> None:
    cleaned = clean(np.concatenate([np.zeros(50), weeks(3)]), censored=[10, 55])
    assert cleaned.first == 50
    assert len(cleaned.values) == 21


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-1e6, 1e9), st.just(float("nan"))), max_size=60),
    st.sets(st.integers(0, 70), max_size=10),
)
def test_any_record_becomes_a_history_without_gaps_or_negative_amounts(
    record: list[float], flags: set[int]
) -> None:
    values = np.array(record, dtype=np.float64)
    before = values.copy()
    cleaned = clean(values, censored=flags, closed={each + 1 for each in flags})
    assert np.isfinite(cleaned.values).all()
    assert (cleaned.values >= 0).all()
    assert len(cleaned.values) + cleaned.first == len(record)
    assert np.array_equal(values, before, equal_nan=True)

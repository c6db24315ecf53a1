"""What is recorded becomes a sound history, and what was done is said."""

import numpy as np
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
    assert cleaned.notes == ["1 absurd amounts cut to 25 (the greatest was 99999)"]


def test_peaks_that_are_meant_and_levels_that_have_risen_stay() -> None:
    values = weeks(20)
    values[60] = 400
    assert clean(values, excused=[60]).values[60] == 400
    risen = np.concatenate([weeks(20), 30 * weeks(2)])
    assert np.array_equal(clean(risen).values, risen)
    exploding = 1.2 ** np.arange(100.0)
    assert np.array_equal(clean(exploding).values, exploding)


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

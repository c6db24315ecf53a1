"""Promotions, holidays and the new year reach the forecasts of models that are not told of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.choosing.events import EventFree, learn_effects
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput
from humidor_forecasting.models.interface import History, Values
from humidor_forecasting.models.registry import models
from humidor_forecasting.runs.gathering import calendar_between

AHEAD = 28
CHANCES = [0.025, 0.1, 0.5, 0.8, 0.9, 0.95, 0.975]
WEEK = np.array([10.0, 12, 11, 13, 20, 25, 8])
UNTOLD = ["seasonal_naive", "seasonal_average", "auto_ets", "auto_theta"]


def sold(times: Values, seed: int = 1) -> Values:
    """Packs of 20, five to twenty-five a day, so many times as many on each day."""
    return np.asarray(np.random.default_rng(seed).poisson(np.resize(WEEK, len(times)) * times) * 20.0)


def forecast(values: Values, known: dict[str, Values], **changes: Any) -> SeriesOutput:
    excused = np.flatnonzero(np.any([column[: len(values)] != 0 for column in known.values()], axis=0))
    terms: dict[str, Any] = {
        "horizon": AHEAD, "probabilities": CHANCES, "first_ordinal": 739000,
        "known": {name: column.tolist() for name, column in known.items()}, "excused": excused.tolist(),
    }  # fmt: skip
    return forecast_series(SeriesInput(store_id="S", gtin="G", values=values.tolist(), **(terms | changes)))


def means(output: SeriesOutput) -> Values:
    return np.array(output.days)[:, 0]


def promoted(days: int, *, last: int) -> Values:
    """A week of every sixty days but for the last sixty; and one more that begins with day `last`."""
    column = np.zeros(days + AHEAD)
    for begin in range(40, days - 60, 60):
        column[begin : begin + 7] = 1.0
    column[last : last + 7] = 1.0
    return column


@pytest.mark.parametrize("days", [200, 440, 730])
def test_a_promotion_ahead_raises_its_days_alone_and_their_sum(days: int) -> None:
    column = promoted(days, last=days + 7)
    output = forecast(sold(np.where(column > 0, 1.6, 1.0)[:days]), {"promotion": column})
    week, sums = 20 * WEEK.sum(), np.array(output.cumulative)[:, CHANCES.index(0.5) + 1]
    assert 1.35 < means(output)[7:14].sum() / week < 1.75
    assert 0.9 < means(output)[14:21].sum() / week < 1.1
    assert 1.35 < (sums[13] - sums[6]) / week < 1.75
    assert any("promotion x 1." in reason for reason in output.reasons)


@pytest.mark.parametrize("days", [200, 440, 730])
def test_after_a_promotion_demand_is_forecast_as_before(days: int) -> None:
    column = promoted(days, last=days - 7)
    output = forecast(sold(np.where(column > 0, 1.6, 1.0)[:days]), {"promotion": column})
    assert 0.9 < means(output)[:7].sum() / (20 * WEEK.sum()) < 1.1


def spring(first: date, until: date) -> dict[str, Values]:
    calendar = calendar_between(first, until + timedelta(days=AHEAD))
    return {name: np.array(column) for name, column in calendar.columns.items()}


def new_year(first: date, until: date) -> tuple[Values, Values, SeriesOutput, dict[str, Values]]:
    """Forecast a store that sells up to twice as much before the new year, and 0.3 times during it."""
    known = spring(first, until)
    times = (1 + known["spring_before"]) * np.where(known["spring_during"] > 0, 0.3, 1.0)
    days = (until - first).days + 1
    output = forecast(sold(times[:days]), known, first_ordinal=first.toordinal())
    return np.resize(WEEK * 20, len(times))[days:], times[days:], output, known


@pytest.mark.parametrize("first", [date(2023, 1, 10), date(2024, 2, 1), date(2025, 1, 1)])
def test_the_week_of_the_new_year_is_low_and_the_weeks_before_it_high_where_one_has_been_seen(
    first: date,
) -> None:
    until = date(2026, 2, 1)
    usual, times, output, known = new_year(first, until)
    during, before = (known[f"spring_{name}"][-AHEAD:] > 0 for name in ("during", "before"))
    assert 0.2 < means(output)[during].sum() / usual[during].sum() < 0.6
    assert 0.75 < (means(output) / (usual * times))[before].mean() < 1.25


def test_of_a_new_year_that_was_never_seen_nothing_is_believed() -> None:
    first, until = date(2025, 3, 1), date(2026, 1, 20)
    days = (until - first).days + 1
    usual, _, output, known = new_year(first, until)
    during = known["spring_during"][-AHEAD:] > 0
    assert known["spring_during"][days:].any()
    assert EventFree.of(History(sold(np.ones(days)), 7, known=known), AHEAD).explain() == []
    assert 0.85 < means(output)[during].sum() / usual[during].sum() < 1.3


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_a_column_that_has_not_moved_takes_no_event_from_the_others(always: float) -> None:
    column = promoted(200, last=207)
    steady = np.append(np.full(200, always), np.full(AHEAD, 1.0 - always))
    history = History(sold(np.where(column > 0, 1.6, 1.0)[:200]), 7, known={"promotion": column})
    alone = EventFree.of(history, AHEAD).explain()
    assert len(alone) == 1
    beside = replace(history, known={"steady": steady, "promotion": column})
    assert EventFree.of(beside, AHEAD).explain() == alone


def effect(times: float, days: Sequence[int], count: int = 200) -> float:
    column = np.zeros((count, 1))
    column[list(days)] = 1.0
    values = np.resize(WEEK, count) * np.where(column[:, 0] > 0, times, 1.0)
    return float(np.exp(learn_effects(values, column, 7))[0])


def test_what_was_seen_on_one_day_is_hardly_believed_and_what_was_seen_often_is() -> None:
    """Worked example: 2 times usual on n days is b with n (2 exp(-b) - 1) = 4 b where nothing else varies."""
    for days, log in ((1, 0.1713), (14, 0.5477), (28, 0.6096)):
        assert days * (2 * np.exp(-log) - 1) == pytest.approx(4 * log, abs=0.01)
        assert np.log(effect(2.0, range(50, 50 + days))) == pytest.approx(log, abs=0.001)
    assert effect(5.0, [100]) < 1.75
    assert effect(1.0, range(50, 57)) == pytest.approx(1.0)


def test_noise_makes_an_effect_less_believed() -> None:
    column = np.zeros((400, 1))
    column[100:114] = 1.0
    times = np.where(column[:, 0] > 0, 2.0, 1.0)
    often = sold(times)
    seldom = often * (np.random.default_rng(3).random(400) < 0.3)
    steady, rare = (float(learn_effects(each, column, 7)[0]) for each in (often, seldom))
    assert 0.4 < steady < 0.65
    assert -0.2 < rare < 0.6 * steady


@pytest.mark.parametrize("name", [*UNTOLD, "moving_average", "croston", "sba", "tsb"])
def test_what_comes_later_changes_no_forecast(name: str) -> None:
    column = promoted(200, last=190)
    values = sold(np.where(column > 0, 1.6, 1.0)[:200])
    values[::9] = 0.0
    later = values.copy()
    later[160:] = 7_777.0
    made = []
    for each in (values, later):
        usual = EventFree.of(History(each, 7, known={"promotion": column}), 14)
        made.append(models()[name].roll(usual, [130, 160], 14) * usual.ahead([130, 160], 14))
    assert np.array_equal(made[0], made[1])


def test_without_events_nothing_changes_to_the_last_digit() -> None:
    values = sold(np.ones(200))
    history = History(values, 7, seen={"price": np.linspace(0, 1, 200)})
    usual = EventFree.of(history, AHEAD)
    assert np.array_equal(usual.until(150).values, values[:150])
    assert len(usual.until(150).seen["price"]) == 150
    assert (usual.ahead([150, 200], AHEAD) == 1.0).all()
    assert models()["harmonic_regression"].told
    for name in UNTOLD:
        assert not models()[name].told
        assert np.array_equal(
            models()[name].roll(usual, [150, 200], 14), models()[name].roll(history, [150, 200], 14)
        )


@pytest.mark.parametrize(
    "column",
    [
        np.ones(228), np.r_[np.zeros(20), np.ones(208)], np.ones(100), np.full(228, np.nan),
        np.linspace(-300, 300, 228), np.r_[np.zeros(199), 1e9, np.zeros(28)], np.empty(0),
    ],
)  # fmt: skip
def test_degenerate_columns_leave_a_sound_forecast(column: Values) -> None:
    history = History(sold(np.ones(200)), 7, known={"odd": column})
    usual = EventFree.of(history, AHEAD)
    assert usual.until(200).values == pytest.approx(history.values, rel=0.5)
    assert usual.ahead([200], AHEAD) == pytest.approx(np.ones((1, AHEAD)), rel=0.5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1e12), min_size=30, max_size=120),
    st.lists(st.tuples(st.integers(0, 140), st.integers(1, 20)), max_size=4),
    st.floats(-10, 10),
)
def test_whatever_was_sold_histories_without_events_are_amounts(
    values: list[float], spans: list[tuple[int, int]], unit: float
) -> None:
    columns = {f"c{n}": np.zeros(len(values) + 14) for n in range(len(spans))}
    for name, (begin, length) in zip(columns, spans, strict=True):
        columns[name][begin : begin + length] = unit
    usual = EventFree.of(History(np.array(values), 7, known=columns), 14)
    for end in (len(values) // 2, len(values)):
        made = usual.until(end).values
        assert np.isfinite(made).all()
        assert (made >= 0).all()
        assert np.isfinite(usual.ahead([end], 14)).all()

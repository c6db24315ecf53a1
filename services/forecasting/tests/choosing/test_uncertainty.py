"""Intervals hold what they promise: of amounts, of counts that are often nothing, of days and of sums."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from humidor_forecasting.choosing.closing import idle_ahead
from humidor_forecasting.choosing.errors import Errors, learn_errors
from humidor_forecasting.choosing.intervals import LEVELS, ends_of, places_of
from humidor_forecasting.choosing.uncertainty import day_means, day_quantiles, interval, sum_quantiles
from humidor_forecasting.models.interface import Values

CHANCES = [0.025, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.975]
WEEK = np.resize([0.6, 0.9, 0.9, 1.0, 1.2, 1.5, 0.9], 14)
Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64 | np.int64]]
PROCESSES: dict[str, tuple[float, Draw]] = {
    "poisson": (20.0, lambda r, size: r.poisson(20 * WEEK, size)),
    "seldom and small": (0.25, lambda r, size: r.poisson(0.25 * WEEK, size)),
    "seldom and large": (9.0, lambda r, size: (r.random(size) < 0.3) * r.gamma(2.0, 15.0 * WEEK, size)),
    "negative binomial": (3.0, lambda r, size: r.negative_binomial(0.8, 0.8 / (0.8 + 3.0 * WEEK), size)),
    "days that go together": (
        50.0,
        lambda r, size: np.maximum(50 * WEEK * r.normal(1, 0.2, (*size[:-1], 1)) + r.normal(0, 5, size), 0),
    ),
}


def forecast_often(name: str, count: int) -> tuple[Values, list[Errors], Values]:
    """Give the true means, what `count` backtests of ten forecasts teach, and what then comes."""
    random = np.random.default_rng(11)
    mean, draw = PROCESSES[name]
    expected = mean * WEEK
    past = draw(random, (count, 10, 14)).astype(np.float64)
    learnt = [learn_errors(each, np.resize(expected, (10, 14))) for each in past]
    return expected, learnt, draw(random, (count, 14)).astype(np.float64)


@pytest.mark.parametrize("name", PROCESSES)
def test_intervals_of_days_cover_what_they_say(name: str) -> None:
    expected, learnt, came = forecast_often(name, 150)
    made = np.array([day_quantiles(expected, each, CHANCES) for each in learnt])
    for level in LEVELS:
        low, high = interval(made, CHANCES, level)
        covered = float(((came >= low) & (came <= high)).mean())
        assert abs(covered - level) < 0.03


@pytest.mark.parametrize("name", PROCESSES)
def test_sums_of_days_cover_what_they_say_and_their_means_add_up(name: str) -> None:
    expected, learnt, came = forecast_often(name, 150)
    made = [sum_quantiles(expected, each, CHANCES, seed) for seed, each in enumerate(learnt)]
    sums = np.array([quantiles for _, quantiles in made])
    total = came.cumsum(axis=1)
    for days in (7, 14):
        low, high = interval(sums[:, days - 1], CHANCES, 0.8)
        covered = float(((total[:, days - 1] >= low) & (total[:, days - 1] <= high)).mean())
        assert 0.72 < covered < 0.92  # ten forecasts say little of how sums vary, so a little is put on top
    means = np.array([mean for mean, _ in made])
    assert np.allclose(means, [day_means(expected, each).cumsum() for each in learnt])
    assert means[:, -1].mean() == pytest.approx(expected.sum(), rel=0.05)


def test_an_interval_is_central_until_nothing_is_likely() -> None:
    assert ends_of(0.8) == (0.1, 0.9, 0.8)
    assert places_of(0.95, CHANCES) == (0, 8, 7)
    assert places_of(0.95, [0.1, 0.8, 0.9]) is None
    quantiles = np.array([[1.0, 8.0, 9.0], [0.0, 4.0, 6.0], [0.0, 0.0, 2.0]])
    low, high = interval(quantiles, [0.1, 0.8, 0.9], 0.8)
    assert low.tolist() == [1.0, 0.0, 0.0]
    assert high.tolist() == [9.0, 4.0, 0.0]


def test_quantiles_of_counts_are_nothing_as_often_as_nothing_comes() -> None:
    random = np.random.default_rng(2)
    actual = random.poisson(0.5, (10, 28)).astype(np.float64)
    made = day_quantiles(np.full(28, 0.5), learn_errors(actual, np.full((10, 28), 0.5)), CHANCES)
    share = float((actual == 0).mean())
    assert 0.5 < share < 0.75
    assert (made[:, [c for c, each in enumerate(CHANCES) if each < share - 0.05]] == 0).all()
    assert (made[:, [c for c, each in enumerate(CHANCES) if each > share + 0.05]] > 0).all()


def test_the_chance_of_nothing_goes_with_the_forecast() -> None:
    random = np.random.default_rng(4)
    forecast = np.resize([0.3, 3.0], (10, 28))
    learnt = learn_errors(random.poisson(forecast).astype(np.float64), forecast)
    seldom, often = learnt.chance(np.array([0.3, 3.0]))
    assert seldom == pytest.approx(np.exp(-0.3), abs=0.12)
    assert often == pytest.approx(np.exp(-3.0), abs=0.06)


def test_a_mean_error_moves_forecasts_only_as_far_as_it_is_proven() -> None:
    random = np.random.default_rng(6)
    forecast = np.full((10, 14), 50.0)
    noise = random.normal(0, 5, (10, 14))
    by_chance, always = (learn_errors(forecast + noise + shift, forecast) for shift in (0.3, 8.0))
    assert by_chance.lean == 0.0
    assert float(day_means(forecast[0], always)[0]) == pytest.approx(58, abs=1.5)
    assert learn_errors(forecast + noise + 8.0, forecast, leaning=False).lean == 0.0


def test_several_backtests_at_once_teach_what_each_teaches_alone() -> None:
    random = np.random.default_rng(8)
    forecast = random.uniform(0.2, 4.0, (5, 9, 14))
    actual = random.poisson(forecast).astype(np.float64)
    idle = np.zeros(actual.shape, dtype=np.bool_)
    idle[..., 6] = True
    together = learn_errors(actual, forecast, idle)
    ahead = random.uniform(0.2, 4.0, (5, 14))
    made = day_quantiles(ahead, together, CHANCES)
    for row in range(5):
        alone = learn_errors(actual[row], forecast[row], idle[row])
        assert np.allclose(day_quantiles(ahead[row], alone, CHANCES), made[row])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=12, max_size=60),
    st.floats(0, 60),
    st.lists(st.floats(0, 100), min_size=1, max_size=8),
)
def test_quantiles_are_sound_whatever_was_seen(seen: list[int], level: float, ahead: list[float]) -> None:
    actual = np.array(seen[: len(seen) // 3 * 3], dtype=np.float64).reshape(3, -1)
    errors = learn_errors(actual, np.full(actual.shape, level))
    chance = errors.chance(np.array(ahead))
    assert ((chance >= 0) & (chance < 1)).all()
    assert (actual > 0).any() or chance.min() > 0.5
    made = day_quantiles(np.array(ahead), errors, CHANCES)
    means, sums = sum_quantiles(np.array(ahead), errors, CHANCES, 1)
    for figures in (made, sums):
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()
        assert (np.diff(figures, axis=-1) >= 0).all()
        low, high = interval(figures, CHANCES, 0.8)
        assert (low <= high).all()
    assert (np.diff(sums, axis=0) >= -1e-9).all()
    assert (np.diff(means) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=120), st.integers(0, 100), st.integers(1, 30))
def test_what_is_idle_by_rule_is_known_from_the_past_alone(flags: list[bool], end: int, horizon: int) -> None:
    idle = np.array(flags, dtype=np.bool_)
    found = idle_ahead(idle, [min(end, len(idle))], horizon, 7)
    assert np.array_equal(found, idle_ahead(idle[:end], [min(end, len(idle))], horizon, 7))
    for place in np.flatnonzero(found[0, :7]):
        same = idle[: min(end, len(idle))][::-1][6 - place :: 7]
        assert same[:8].all()
    assert not found.any() or not idle[max(0, end - 56) : end].all()

"""Differences in differences against published figures, other software's and properties of the tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.api import OLS

from humidor_forecasting.uplift.differences import Difference, difference_in_differences
from humidor_forecasting.uplift.panel import Window, pre_weights
from humidor_forecasting.uplift.resampling import permutation_p

WORLDS = 60


def compare(changes: np.ndarray, ours: int, weights: np.ndarray | None = None, seed: int = 1) -> Difference:
    treated = np.arange(len(changes)) < ours
    counted = np.ones(len(changes)) if weights is None else weights
    return difference_in_differences(changes, treated, counted, seed=seed)


def test_minimum_wages_of_card_and_krueger_come_out() -> None:
    """Full-time equivalents a restaurant, 1992 before and after (their table 3): 2.76 for New Jersey."""
    new_jersey, pennsylvania = 21.03 - 20.44, 21.17 - 23.33
    found = compare(np.array([new_jersey, pennsylvania, pennsylvania]), 1)
    assert found.effect == pytest.approx(2.76, abs=0.011)  # they round each mean by itself


def test_it_is_the_coefficient_of_two_way_fixed_effects_with_errors_clustered_by_store() -> None:
    random = np.random.default_rng(2)
    stores, days, ours = 40, 10, 18
    values = random.normal(0, 1, (stores, days)) + random.normal(0, 2, (stores, 1))
    values[:ours, 6:] += 0.7
    changes = values[:, 6:].mean(axis=1) - values[:, :6].mean(axis=1)
    found = compare(changes, ours)
    store, day = np.repeat(np.arange(stores), days), np.tile(np.arange(days), stores)
    dummies = np.column_stack([np.eye(stores)[store], np.eye(days)[day][:, 1:]])
    effect = ((store < ours) & (day >= 6)).astype(float)
    fitted = OLS(values.ravel(), np.column_stack([effect, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": store, "use_correction": False}
    )
    assert found.effect == pytest.approx(fitted.params[0], abs=1e-9)
    # CR2 divides each arm by 1 less its leverage, plain clustered errors do not.
    assert found.error == pytest.approx(fitted.bse[0], rel=0.05)
    assert found.error > fitted.bse[0]
    assert found.low < found.effect < found.high
    assert "CR2" in found.inference


def test_permutations_of_a_tiny_experiment_are_counted_exactly() -> None:
    changes, treated = np.array([9.0, 8, 7, 1, 2, 3]), np.arange(6) < 3
    assert permutation_p(changes, treated, np.ones(6), seed=1) == pytest.approx(2 / 20)
    assert permutation_p(np.ones(6), treated, np.ones(6), seed=1) == 1.0


@pytest.mark.parametrize(
    ("ours", "others", "shares"),
    [(3, 4, (0.91, 1.0)), (8, 8, (0.89, 0.99)), (20, 20, (0.89, 0.99)), (1, 12, (0.89, 0.99))],
)
def test_without_an_effect_intervals_cover_nothing_about_as_often_as_they_promise(
    ours: int, others: int, shares: tuple[float, float]
) -> None:
    covered, values = 0, []
    for seed in range(WORLDS):
        random = np.random.default_rng(seed)
        sizes = np.exp(random.normal(5, 0.5, ours + others))
        changes = random.normal(0, 1 / np.sqrt(sizes))
        found = compare(changes, ours, sizes, seed)
        covered += found.low <= 0 <= found.high
        values.append(found.permutation_p)
    assert shares[0] <= covered / WORLDS <= shares[1]
    assert 0.35 < np.mean(values) < 0.68
    assert np.mean(np.array(values) <= 0.2) < 0.3


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=3, max_size=20),
    st.integers(1, 2),
    st.floats(-3, 3),
)
def test_an_effect_that_is_added_moves_the_estimate_by_just_as_much(
    changes: list[float], ours: int, effect: float
) -> None:
    values = np.array(changes)
    moved = values + effect * (np.arange(len(values)) < ours)
    one, other = compare(values, ours), compare(moved, ours)
    assert other.effect - one.effect == pytest.approx(effect, abs=1e-9)
    assert other.high - other.low == pytest.approx(one.high - one.low, abs=1e-6)
    assert 0 < other.permutation_p <= 1
    assert all(np.isfinite(each) for each in (other.low, other.high, other.p_value))


def test_a_bootstrap_interval_is_where_the_test_does_not_reject() -> None:
    random = np.random.default_rng(4)
    changes = random.normal(0, 1, 14) + 2.0 * (np.arange(14) < 7)
    found = compare(changes, 7)
    assert "wild cluster bootstrap" in found.inference
    assert found.low < found.effect < found.high
    assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    equal = compare(np.zeros(14), 7)
    assert (equal.effect, equal.low, equal.high, equal.p_value) == (0, 0, 0, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 120), st.integers(0, 30), st.integers(1, 40))
def test_days_before_count_by_the_weekdays_of_the_window(known: int, gap: int, length: int) -> None:
    window = Window(known, known + gap, known + gap + length)
    weights = pre_weights(window)
    assert len(weights) == known
    if known:
        assert weights.sum() == pytest.approx(1)
    if known >= 7:
        wanted = np.bincount(np.arange(window.first, window.until) % 7, minlength=7) / length
        assert np.bincount(np.arange(known) % 7, weights, minlength=7) == pytest.approx(wanted)

"""Sums of days are brought nearer to plain means, which all of the history judges; single days left alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from humidor_forecasting.choosing.plain import _lasting, beside_plain
from humidor_forecasting.models.interface import History, Values

CHANCES = [0.05, 0.5, 0.95]
SUMS = np.array([[10.0 * n - 5, 10.0 * n, 10.0 * n + 5] for n in range(1, 15)])


def history(values: Values) -> History:
    return History(values, 7, 738000, 1.0, {})


def plain(values: Values, chances: list[float] = CHANCES, horizon: int = 14) -> Values:
    """What the plain means say alone: three quarters of the middle, beside a forecast of nothing."""
    made = beside_plain(np.zeros((horizon, len(chances))), history(values), chances)
    middle = np.interp(0.5, chances, made[-1])
    return np.asarray(made[-1] + middle / 3)


def test_a_constant_history_by_hand() -> None:
    """Plain means are 20 a day and never wrong: with a forecast of 10 as one of four, 17.5 a day."""
    made = beside_plain(SUMS, history(np.full(140, 20.0)), CHANCES)
    assert made[0] == pytest.approx(SUMS[0])
    assert made[6] == pytest.approx([122.5, 122.5, 122.5])
    assert made[13] == pytest.approx([245, 245, 245])
    assert made[3] == pytest.approx(0.5 * SUMS[3] + 0.5 * 70)


def test_idle_days_add_nothing() -> None:
    idle = np.arange(14) % 7 == 2
    made = beside_plain(np.zeros((14, 3)), history(np.full(140, 20.0)), CHANCES, idle)
    assert made[2] == pytest.approx(made[1])
    assert made[13] == pytest.approx([180, 180, 180])


def test_the_spread_is_that_of_sums() -> None:
    """Independent days of deviation 5: 14 of them have 5 root 14, and a little for means that are learnt."""
    values = np.random.default_rng(3).normal(50, 5, 7 * 150)
    low, middle, high = plain(values)
    deviation = (high - low) / (2 * stdtrit(8.0, 0.95))
    assert middle == pytest.approx(700, abs=15)
    assert deviation == pytest.approx(5 * np.sqrt(14), rel=0.15)


def test_days_that_go_together_widen_it() -> None:
    random = np.random.default_rng(3)
    apart = random.normal(50, 5, 7 * 150)
    together = 50 + np.repeat(random.normal(0, 5, 75), 14)
    assert np.ptp(plain(together)) > 1.4 * np.ptp(plain(apart))


def test_what_moves_is_told_by_the_newest_and_what_stays_by_all() -> None:
    off = {"moving": [0.0, 0.0], "steady": [0.0, 0.0]}
    for seed in range(20):
        random = np.random.default_rng(seed)
        noise = random.normal(0, 6, 7 * 60)
        level = 300 + np.cumsum(random.normal(0, 6, 60))
        for name, values in {"moving": np.repeat(level, 7) + noise, "steady": 300 + noise}.items():
            by_newest, by_all = values[-28:].mean(), values.mean()
            off[name][0] += (plain(values)[1] - 14 * by_newest) ** 2
            off[name][1] += (plain(values)[1] - 14 * by_all) ** 2
    assert off["moving"][0] < 0.5 * off["moving"][1]
    assert off["steady"][1] < off["steady"][0]


def test_what_has_fallen_is_less_uncertain_than_what_has_risen() -> None:
    random = np.random.default_rng(5)
    much, little = (random.poisson(mean, 7 * 30).astype(np.float64) for mean in (40, 4))
    fallen, risen = plain(np.concatenate([much, little])), plain(np.concatenate([little, much]))
    assert fallen[1] < 0.5 * risen[1]
    assert np.ptp(fallen) < 0.8 * np.ptp(risen)


def test_one_large_order_moves_it_little() -> None:
    """The spread does not follow the level of the moment: one order of 100 is not one a day."""
    values = np.random.default_rng(4).poisson(5, 7 * 40).astype(np.float64)
    values[60] = 100.0
    ordered = values.copy()
    ordered[-1] = 100.0
    assert np.ptp(plain(ordered)) < 1.6 * np.ptp(plain(values))


def test_sizes_are_believed_to_vary_as_exponential_ones_at_most() -> None:
    """One day of four brings 2 or 30, v = (14 / 16)²; or 1 nine times, then 100: v = (29.7 / 10.9)²."""
    calm, wild = (np.zeros(7 * 40) for _ in range(2))
    calm[::4] = np.resize([2.0, 30.0], 70)
    wild[::4] = np.resize([*[1.0] * 9, 100.0], 70)
    seen = (29.7 / 10.9) ** 2
    assert _lasting(calm) == 1.0
    assert _lasting(wild) == pytest.approx((4 * 2 - 1) / (4 * (1 + seen) - 1))
    assert _lasting(np.zeros(7)) == 1.0


def test_the_unit_does_not_matter() -> None:
    values = np.random.default_rng(6).negative_binomial(0.3, 0.1, 7 * 30).astype(np.float64)
    assert plain(20 * values) == pytest.approx(20 * plain(values))


def test_short_histories_weeks_and_months_have_no_second_opinion() -> None:
    known = history(np.arange(140.0))
    for other in (
        replace(known, values=known.values[:111]),
        replace(known, season=52, days_per_period=7.0),
        replace(known, season=12, days_per_period=30.4375),
    ):
        assert (beside_plain(SUMS, other, CHANCES) == SUMS).all()
    far = np.repeat(SUMS, 6, axis=0)
    assert (beside_plain(far, known, CHANCES) == far).all(), (
        "means of eight weeks and four times the twelve after do not fit in twenty"
    )


def test_sums_of_counts_are_covered() -> None:
    """Of what comes after 300 histories, about as much lies below each quantile as it says."""
    random = np.random.default_rng(12)
    below = []
    for _ in range(300):
        days = random.negative_binomial(1.5, 1.5 / 13.5, 7 * 40 + 14).astype(np.float64)
        below.append(days[-14:].sum() <= plain(days[:-14], [0.1, 0.5, 0.8, 0.95]))
    assert np.mean(below, axis=0) == pytest.approx([0.1, 0.5, 0.8, 0.95], abs=0.06)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 7.0, 1e6]), min_size=112, max_size=200),
    st.integers(1, 40),
    st.data(),
)
def test_quantiles_stay_finite_rising_and_above_nothing(
    values: list[float], horizon: int, data: st.DataObject
) -> None:
    idle = np.array(data.draw(st.lists(st.booleans(), min_size=horizon, max_size=horizon)))
    sums = np.outer(np.arange(1.0, horizon + 1), [0.5, 1.0, 2.0])
    made = beside_plain(sums, history(np.array(values)), CHANCES, idle)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert (np.diff(made, axis=1) >= -1e-9).all()

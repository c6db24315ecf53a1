"""Quantiles of sums are averaged with those of a plain mean, single days left alone."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from humidor_forecasting.choosing.plain import beside_plain
from humidor_forecasting.models.interface import History

CHANCES = [0.5, 0.8413447460685429]
WEEKS = np.array([8.0, 12.0])
HISTORY = History(np.tile(np.repeat(WEEKS, 7), 10), 7, 738000, 1.0, {})
SUMS = np.array([[10.0 * n, 10.0 * n + 5] for n in range(1, 15)])


def test_by_hand() -> None:
    """The mean of 8 weeks of 8 and 12 is 10 a day, every day is 2 off it: 70 and 70 + 2 root 7 of a week."""
    made = beside_plain(SUMS, HISTORY, CHANCES)
    assert made[0] == pytest.approx(SUMS[0])
    assert made[6] == pytest.approx([70, (75 + 70 + 2 * sqrt(7)) / 2])
    assert made[13] == pytest.approx([140, (145 + 140 + 2 * sqrt(14)) / 2])
    assert made[3] == pytest.approx(0.75 * SUMS[3] + 0.25 * np.array([40, 44]))


def test_idle_days_add_nothing() -> None:
    idle = np.arange(14) % 7 == 2
    made = beside_plain(np.repeat(SUMS[:7], 2, axis=0), HISTORY, CHANCES, idle)
    assert made[2] != pytest.approx(made[3])
    assert 2 * made[13] - SUMS[6] == pytest.approx([120, 120 + 2 * sqrt(12)])


def test_short_histories_weeks_and_months_have_no_second_opinion() -> None:
    for other in (
        replace(HISTORY, values=HISTORY.values[:111]),
        replace(HISTORY, season=52, days_per_period=7.0),
        replace(HISTORY, season=12, days_per_period=30.4375),
    ):
        assert (beside_plain(SUMS, other, CHANCES) == SUMS).all()


def test_a_sum_is_never_below_nothing() -> None:
    seldom = replace(HISTORY, values=np.resize([0.0] * 19 + [40.0], 140))
    assert (beside_plain(np.zeros((14, 2)), seldom, [0.01, 0.5]) >= 0).all()

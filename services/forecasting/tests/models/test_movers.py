"""Models that are told of promotions, holidays and prices use them, and nothing that nobody can know."""

from datetime import date, timedelta

import numpy as np
import pytest

from humidor_forecasting.calendars import holidays_between
from humidor_forecasting.models.interface import History, Values
from humidor_forecasting.models.registry import models

DAYS, AHEAD = 580, 28
FIRST = date(2024, 1, 1).toordinal()
WEEK = np.array([0.9, 0.8, 0.9, 1.0, 1.3, 1.4, 0.7])
TOLD = ("harmonic_regression", "boosted_quantiles", "prophet")


def promoted() -> Values:
    """Ten days of each sixty, the last of them among those ahead."""
    return (np.arange(DAYS + AHEAD) % 60 >= 50).astype(np.float64)


def log_prices() -> Values:
    """The price moves every forty days, up and down by a fifth."""
    return np.log(np.resize(np.repeat([1.0, 1.2, 1.0, 0.8], 40), DAYS))


def sold(*, uplift: float = 1.0, elasticity: float = 0.0) -> Values:
    expected = 200 * np.resize(WEEK, DAYS) * np.where(promoted()[:DAYS] > 0, uplift, 1.0)
    drawn = np.random.default_rng(5).poisson(expected * np.exp(elasticity * log_prices()))
    return drawn.astype(np.float64)


@pytest.mark.parametrize("name", TOLD)
def test_a_promotion_ahead_raises_its_days_by_what_earlier_ones_did(name: str) -> None:
    column = promoted()
    ahead = np.flatnonzero(column[DAYS:])
    none = np.concatenate([column[:DAYS], np.zeros(AHEAD)])
    with_it, without = (
        models()[name].forecast(
            History(sold(uplift=1.6), 7, first_day=FIRST, known={"promotion": known}), AHEAD
        )
        for known in (column, none)
    )
    uplift = with_it[ahead].sum() / without[ahead].sum()
    assert 1.45 < uplift < 1.75
    others = np.setdiff1d(np.arange(AHEAD), ahead)
    assert np.allclose(with_it[others], without[others], rtol=0.02)


@pytest.mark.parametrize("name", TOLD)
def test_a_price_that_has_just_moved_is_followed_sooner_by_who_is_told_of_it(name: str) -> None:
    values, prices, end = sold(elasticity=-1.5), log_prices(), 407
    assert prices[end - 8] != prices[end - 1] == prices[end + AHEAD - 1]
    actual = values[end : end + AHEAD]

    def error(seen: dict[str, Values]) -> float:
        made = models()[name].forecast(History(values, 7, first_day=FIRST, seen=seen).until(end), AHEAD)
        return float(np.abs(made - actual).sum() / actual.sum())

    assert error({"price": prices}) < 0.7 * error({})
    assert error({"price": prices}) < 0.15


@pytest.mark.parametrize("name", TOLD)
def test_a_price_to_come_is_nobodys_knowledge(name: str) -> None:
    values, prices = sold(elasticity=-1.5), log_prices()
    other = np.where(np.arange(DAYS) < 400, prices, 3.0)
    made = [
        models()[name].roll(History(values, 7, first_day=FIRST, seen={"price": each}), [380, 400], 14)
        for each in (prices, other)
    ]
    assert np.allclose(made[0], made[1])


def test_prophet_knows_the_holidays_of_china() -> None:
    days = [date.fromordinal(FIRST + n) for n in range(3 * 365)]
    holidays = set(holidays_between(days[0], days[-1] + timedelta(days=90)))
    values = np.where([each in holidays for each in days], 300.0, 100.0)
    end = days.index(date(2026, 2, 1))
    made = models()["prophet"].forecast(History(values, 7, first_day=FIRST).until(end), 28)
    festival = [n for n in range(28) if days[end] + timedelta(days=n) in holidays]
    assert len(festival) >= 6
    assert made[festival].mean() > 1.5 * np.delete(made, festival).mean()

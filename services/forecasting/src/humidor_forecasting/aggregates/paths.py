"""Draws what many series may demand together, from the quantiles of each and from how they go together.

A Gaussian copula: the days of one forecast share a part, so do the series of one day. Each day of each series
keeps the distribution that was published for it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import ndtr

from humidor_forecasting.aggregates.work import Figures
from humidor_forecasting.models.interface import Values

DRAWS = 1000
NORMAL_SPREAD = 2.5631031310892007
"""Between the quantiles 0.1 and 0.9 of a normal distribution lie so many standard deviations."""
MOST_TOGETHER = 0.95


def spread_of(quantiles: Values, probabilities: Sequence[float]) -> Values:
    """Give the standard deviation of a normal distribution of the same width from 0.1 to 0.9 (last axis)."""
    low, high = (_at(quantiles, probabilities, chance) for chance in (0.1, 0.9))
    return np.asarray((high - low) / NORMAL_SPREAD, dtype=np.float64)


def _at(quantiles: Values, probabilities: Sequence[float], chance: float) -> Values:
    rows = quantiles.reshape(-1, quantiles.shape[-1])
    found = np.array([np.interp(chance, probabilities, row) for row in rows])
    return found.reshape(quantiles.shape[:-1])


def within_of(series: Figures) -> float:
    """Correlation of the errors of one forecast: from the spread of a sum of days and those of its days.

    Var(sum) = sum of variances + correlation * ((sum of deviations)^2 - sum of variances).
    """
    if len(series.span_days) < 2:
        return 0.0
    days = spread_of(np.array(series.span_days, dtype=np.float64)[:, 1:], series.probabilities)
    whole = float(spread_of(np.array(series.span, dtype=np.float64)[None, 1:], series.probabilities)[0])
    alone, together = float((days**2).sum()), float(days.sum() ** 2)
    if together - alone <= 1e-9:
        return 0.0
    return float(np.clip((whole**2 - alone) / (together - alone), 0.0, MOST_TOGETHER))


def shares(within: float, between: float) -> tuple[float, float, float]:
    """Split the variance of an error: common to all series of a day, common to the days of a series, its own.

    Days of a series go together by `within`, series of a day by `between`, days of others by their product.
    """
    return between, within * (1 - between), (1 - within) * (1 - between)


def draw_paths(
    series: Sequence[Figures], between: float, random: np.random.Generator, draws: int = DRAWS
) -> Iterator[Values]:
    """Draw demand of one series after the other: shape (draws, days), the same draw being the same world."""
    horizon = len(series[0].days)
    within = float(np.mean([within_of(each) for each in series]))
    common, lasting, own = shares(within, between)
    shared = np.sqrt(1 - within) * random.standard_normal((draws, horizon))
    shared += np.sqrt(within) * random.standard_normal((draws, 1))
    for each in series:
        noise = np.sqrt(common) * shared
        noise += np.sqrt(lasting) * random.standard_normal((draws, 1))
        noise += np.sqrt(own) * random.standard_normal((draws, horizon))
        yield demand_at(each, ndtr(noise))


def demand_at(series: Figures, chances: Values) -> Values:
    """Give the demand that these chances stand for, day by day; between quantiles it is taken as even.

    Beyond the outermost quantiles the slope goes on for a while, never below zero; the draws are then moved
    so that their mean is the published one: means add up.
    """
    figures = np.array(series.days, dtype=np.float64)
    places = np.array(series.probabilities)
    made = np.empty_like(chances)
    for day, (mean, *quantiles) in enumerate(figures):
        ends = _ends(np.array(quantiles))
        drawn = np.interp(chances[:, day], [0.0, *places, 1.0], ends)
        average = float(drawn.mean())
        made[:, day] = drawn * (mean / average) if average > 0 else mean
    return made


def _ends(quantiles: Values) -> list[float]:
    rising = np.maximum.accumulate(quantiles)
    low = max(0.0, float(rising[0] - (rising[1] - rising[0]))) if len(rising) > 1 else float(rising[0])
    high = float(rising[-1] + (rising[-1] - rising[-2])) if len(rising) > 1 else float(rising[0])
    return [low, *(float(each) for each in rising), high]

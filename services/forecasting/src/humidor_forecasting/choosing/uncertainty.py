"""Quantiles and intervals from the errors of a backtest, of days and of sums of days.

Errors of amounts are one sample, whose quantiles (with the correction of split conformal prediction for its
size, Vovk et al. 2005) times their scale are the forecast's, above the chance that nothing is wanted at all.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, stdtrit

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.choosing.errors import PRIOR_ORIGINS, Counts, Errors
from humidor_forecasting.choosing.intervals import ends_of, places_of
from humidor_forecasting.models.interface import Values

DRAWS = 1000
LEAST_ERRORS = 8
PRIOR_ERRORS = 5
"""How many errors the assumed distribution counts for beside those that were seen."""
APART = 0.55
"""Of origins half a horizon apart n are worth so many that do not overlap, (n + 1) / 2 of them."""
GRID = np.linspace(0.005, 0.995, 100)
TABLE = np.array([1e-4, 1e-3, 0.0025, *np.arange(1, 200) / 200, 0.9975, 0.999, 1 - 1e-4])


def error_quantiles(errors: Errors, chances: Values) -> Values:
    """Quantiles of the scaled error; `chances` have the axes of the errors and any number of their own."""
    table = _tabulate(errors)
    if table.ndim == 1:
        return np.interp(chances, TABLE, table)
    pairs = zip(chances, table, strict=True)
    return np.array([np.interp(own, TABLE, row) for own, row in pairs], dtype=np.float64)


def _tabulate(errors: Errors) -> Values:
    """Quantiles of the scaled error at the chances of `TABLE`, moved outward for how few errors were seen.

    Errors of one forecast go together, so that n of them are worth n / (1 + (horizon - 1) correlation). Split
    conformal prediction moves them by chance / n and so covers at least what it promises, and at most 1 / n
    more: half of that is the middle. The fewer there are, the more a Student distribution of the same spread
    counts.
    """
    count, worth = errors.count[..., None], errors.worth[..., None]
    finite = np.where(np.isfinite(errors.sample), errors.sample, 0.0)
    squares = (finite * finite).sum(axis=-1, keepdims=True) / np.maximum(count, 1)
    spread = np.where(count > 0, np.sqrt(squares), 1.0)
    freedom = np.rint(np.clip(errors.worth - 1.0, 2.0, 300.0)).astype(np.int64)
    student = np.array([_student(each) for each in freedom.ravel().tolist()]).reshape(*worth.shape[:-1], -1)
    correction = np.where(TABLE > 0.5, TABLE, np.where(TABLE < 0.5, TABLE - 1.0, 0.0)) / worth
    outward = np.clip(TABLE + correction / 2, 0.0, 1.0)
    share = np.where(count < LEAST_ERRORS, 1.0, PRIOR_ERRORS / (PRIOR_ERRORS + worth))
    return np.asarray(share * spread * student + (1 - share) * _among(finite, count, outward))


@lru_cache(maxsize=512)
def _student(freedom: int) -> Values:
    return np.asarray(stdtrit(freedom, TABLE), dtype=np.float64)


def _among(ordered: Values, count: Counts, chances: Values) -> Values:
    """Quantiles of the first `count` of a row by Weibull's rule: the k-th of n is that of k / (n + 1)."""
    last = np.maximum(count - 1, 0)
    place = np.clip(chances * (count + 1) - 1, 0.0, last)
    below = place.astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, last), axis=-1)
    return np.asarray(low + (high - low) * (place - below))


def day_quantiles(
    forecast: Values, errors: Errors, probabilities: Sequence[float], idle: Flags | None = None
) -> Values:
    """Quantiles of each period, never below zero, rising: shape (…, horizon, probabilities).

    A quantile is zero where nothing is at least as likely; on `idle` days all are.
    """
    nothing = errors.chance(forecast)[..., None]
    left = (np.asarray(probabilities) - nothing) / (1.0 - nothing)
    if not nothing.any():
        left = left[..., :1, :]
    amount = forecast[..., None] / (1.0 - nothing)
    scale = errors.scale(amount[..., 0])[..., None]
    made = amount + scale * error_quantiles(errors, left)
    shut = False if idle is None else idle[..., None]
    return np.asarray(
        np.maximum.accumulate(np.where((left <= 0.0) | shut, 0.0, np.maximum(made, 0.0)), axis=-1)
    )


def interval(quantiles: Values, probabilities: Sequence[float], level: float) -> tuple[Values, Values]:
    """Give both ends of the intervals of this level; the last axis of `quantiles` are the probabilities.

    Raises:
        ValueError: One of the probabilities that it is made of is missing.
    """
    places = places_of(level, probabilities)
    if places is None:
        raise ValueError(f"an interval of {level:g} needs the probabilities {ends_of(level)}")
    low, high, alone = (quantiles[..., place] for place in places)
    return low, np.where(low > 0.0, high, alone)


def day_means(forecast: Values, errors: Errors, idle: Flags | None = None) -> Values:
    """Expected amounts: the forecast, and what it is proven to be too low or too high by."""
    sure = 1.0 - errors.chance(forecast)
    made = np.maximum(forecast + sure * errors.scale(forecast / sure) * errors.lean[..., None], 0.0)
    return made if idle is None else np.asarray(np.where(idle, 0.0, made))


def sum_quantiles(
    forecast: Values, errors: Errors, probabilities: Sequence[float], seed: int, idle: Flags | None = None
) -> tuple[Values, Values]:
    """Mean and quantiles of the first 1, 2 … periods together; means add up, quantiles are simulated.

    Errors of one forecast share a part and have one of their own (a Gaussian copula); each has the
    distribution that the days' quantiles have. How large the shared part is comes from few sums of errors:
    each path draws the variance of sums from what those few leave open (a scaled inverse chi-square).
    """
    horizon = len(forecast)
    random = np.random.default_rng(seed)
    own = random.standard_normal((DRAWS, horizon))
    shared = random.standard_normal((DRAWS, 1))
    together = _draw_together(errors, horizon, random)
    chance = ndtr(np.sqrt(1 - together) * own + np.sqrt(together) * shared)
    days = day_quantiles(forecast, errors, [float(each) for each in GRID], idle)
    place = np.clip((chance - GRID[0]) / (GRID[1] - GRID[0]), 0.0, len(GRID) - 1.0)
    below = np.minimum(place.astype(np.int64), len(GRID) - 2)
    every = np.arange(horizon)
    drawn = days[every, below] + (days[every, below + 1] - days[every, below]) * (place - below)
    paths = np.sort(drawn.cumsum(axis=1).T)
    rank = np.asarray(probabilities) * (DRAWS - 1)
    quantiles = np.array([np.interp(rank, np.arange(DRAWS), each) for each in paths])
    means = day_means(forecast, errors, idle).cumsum()
    return means, np.maximum.accumulate(quantiles, axis=-1)


def _draw_together(errors: Errors, horizon: int, random: np.random.Generator) -> Values:
    """Draw correlations of errors, one a path: 1 + (horizon - 1) r is a sum's variance by that of days."""
    if horizon < 2:
        return np.zeros((DRAWS, 1))
    freedom = APART * errors.origins + PRIOR_ORIGINS
    variance = 1.0 + (horizon - 1) * float(errors.together)
    drawn = variance * freedom / random.chisquare(freedom, (DRAWS, 1))
    return np.asarray(np.clip((drawn - 1.0) / (horizon - 1), 0.0, 0.95))

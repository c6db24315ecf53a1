"""Quantiles from the errors of a backtest: conformal, growing with the horizon, of days and of sums of days.

Errors of the backtest are divided by a scale that follows the forecast and grows with the horizon; what is
left is taken as one sample, whose quantiles (with the correction of split conformal prediction for its size,
Vovk et al. 2005) times the scale are the forecast's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from humidor_forecasting.models.interface import Values

DRAWS = 1000
LEAST_ERRORS = 8
PRIOR_ERRORS = 5
"""How many errors the assumed distribution counts for beside those that were seen."""


@dataclass(frozen=True)
class Errors:
    """Errors of a backtest in units of their scale, sorted; how the scale is made; how errors go together.

    Of several backtests at once each field has one value (`sample` one row) for each of them.
    """

    sample: Values
    floor: Values
    growth: Values
    together: Values
    worth: Values

    def scale(self, forecast: Values) -> Values:
        """Give the scale of periods 1, 2 … ahead: the root of level and horizon."""
        ahead = np.arange(forecast.shape[-1])
        floor, growth = self.floor[..., None], self.growth[..., None]
        made: Values = np.sqrt(np.maximum(forecast, floor) * floor) * np.sqrt(1.0 + growth * ahead)
        return made


def learn_errors(actual: Values, forecast: Values) -> Errors:
    """Learn from a backtest; both arrays have the shape (origins, horizon), or one more before for several.

    Their mean is taken off: that a model was too low in the past is no reason to expect it again, and a model
    that always is has to show its cost. What stays is how errors spread, skewness included.
    """
    size = np.maximum(np.abs(actual).mean(axis=(-2, -1)), np.abs(forecast).mean(axis=(-2, -1)))
    floor = np.asarray(np.maximum(size * 0.25, 1e-6))
    low = floor[..., None, None]
    error = actual - forecast
    base = np.sqrt(np.maximum(forecast, low) * low)
    growth = _growth(error / base)
    horizon = error.shape[-1]
    scaled = error / (base * np.sqrt(1.0 + growth[..., None, None] * np.arange(horizon)))
    together = _together(scaled)
    each = scaled.reshape(*scaled.shape[:-2], -1)
    worth = np.asarray(np.maximum(each.shape[-1] / (1 + (horizon - 1) * together), 1.0))
    sample = np.sort(each - each.mean(axis=-1, keepdims=True), axis=-1)
    return Errors(sample, floor, growth, together, worth)


def errors_around(values: Values) -> Errors:
    """Take values around their mean for errors, without a backtest; a single value may be out by itself."""
    mean = float(values.mean())
    floor = max(mean * 0.25, 1e-6)
    spread = values - mean if len(values) > 1 else np.array([-mean, mean])
    sample = np.sort(spread / np.sqrt(max(mean, floor) * floor))
    return Errors(sample, *(np.asarray(each) for each in (floor, 0.0, 0.1, float(len(spread)))))


def _growth(scaled: Values) -> Values:
    """By how much the variance grows from one period ahead to the next, as a share of the first one's."""
    by_horizon = (scaled * scaled).mean(axis=-2)
    horizon = by_horizon.shape[-1]
    mean = by_horizon.mean(axis=-1)
    if horizon < 3:
        return np.zeros_like(mean)
    ahead = np.arange(horizon) - (horizon - 1) / 2
    slope = by_horizon @ ahead / float(ahead @ ahead)
    start = np.maximum(mean - slope * (horizon - 1) / 2, mean / 3)
    return np.asarray(np.clip(slope / np.where(mean > 0, start, 1.0), 0.0, 1.0))


def _together(scaled: Values) -> Values:
    """Correlation of errors within one forecast: it makes sums of days less certain than days apart."""
    origins, horizon = scaled.shape[-2:]
    variance = (scaled * scaled).mean(axis=(-2, -1))
    if horizon < 2:
        return np.zeros_like(variance)
    sums = (scaled.sum(axis=-1) ** 2).mean(axis=-1) / (horizon * np.where(variance > 0, variance, 1.0))
    seen = (sums - 1.0) / (horizon - 1)
    shrunk = (origins * seen + 2 * 0.1) / (origins + 2)
    return np.asarray(np.where(variance > 0, np.clip(shrunk, 0.0, 0.9), 0.0))


def error_quantiles(errors: Errors, probabilities: Sequence[float]) -> Values:
    """Quantiles of the scaled error: those seen, moved outward for how few they are worth.

    Errors of one forecast go together, so that n of them are worth n / (1 + (horizon - 1) correlation). Split
    conformal prediction moves them by chance / n and so covers at least what it promises, and at most 1 / n
    more: half of that is the middle. The fewer there are, the more a Student distribution of the same spread
    counts.
    """
    chances = np.asarray(probabilities)
    sample, worth = errors.sample, errors.worth[..., None]
    count = sample.shape[-1]
    spread = np.sqrt((sample * sample).mean(axis=-1))[..., None] if count else np.ones(1)
    assumed = spread * stdtrit(np.maximum(worth - 1.0, 2.0), chances)
    if count < LEAST_ERRORS:
        return np.asarray(assumed, dtype=np.float64)
    correction = np.where(chances > 0.5, chances, np.where(chances < 0.5, chances - 1.0, 0.0)) / worth
    outward = np.clip(chances + correction / 2, 0.0, 1.0)
    share = PRIOR_ERRORS / (PRIOR_ERRORS + worth)
    return np.asarray(share * assumed + (1 - share) * _among(sample, outward), dtype=np.float64)


def _among(ordered: Values, chances: Values) -> Values:
    """Quantiles of each row by the rule of Weibull: the k-th of n is that of k / (n + 1)."""
    count = ordered.shape[-1]
    place = np.clip(chances * (count + 1) - 1, 0.0, count - 1.0)
    below = place.astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, count - 1), axis=-1)
    return np.asarray(low + (high - low) * (place - below))


def day_quantiles(forecast: Values, errors: Errors, probabilities: Sequence[float]) -> Values:
    """Quantiles of each period, never below zero, rising: shape (…, horizon, probabilities)."""
    scale = errors.scale(forecast)
    made = forecast[..., None] + scale[..., None] * error_quantiles(errors, probabilities)[..., None, :]
    return np.asarray(np.maximum.accumulate(np.maximum(made, 0.0), axis=-1))


def sum_quantiles(
    forecast: Values, errors: Errors, probabilities: Sequence[float], seed: int
) -> tuple[Values, Values]:
    """Mean and quantiles of the first 1, 2 … periods together, by simulation.

    Errors of one forecast share a part (`together`) and have one of their own (a Gaussian copula); each has
    the distribution that the days' quantiles have.
    """
    horizon = len(forecast)
    random = np.random.default_rng(seed)
    own = random.standard_normal((DRAWS, horizon))
    shared = random.standard_normal((DRAWS, 1))
    chance = ndtr(np.sqrt(1 - errors.together) * own + np.sqrt(errors.together) * shared)
    grid = np.linspace(0.005, 0.995, 100)
    drawn = np.interp(chance, grid, error_quantiles(errors, [float(p) for p in grid]))
    paths = np.maximum(forecast + errors.scale(forecast) * drawn, 0.0).cumsum(axis=1)
    quantiles = np.quantile(paths, np.asarray(probabilities), axis=0).T
    return paths.mean(axis=0), np.maximum.accumulate(quantiles, axis=-1)

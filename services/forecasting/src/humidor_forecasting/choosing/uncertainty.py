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
    """Errors of a backtest in units of their scale, sorted; how the scale is made; how errors go together."""

    sample: Values
    floor: float
    growth: float
    together: float
    worth: float

    def scale(self, forecast: Values) -> Values:
        """Give the scale of periods 1, 2 … ahead: the root of level and horizon."""
        ahead = np.arange(forecast.shape[-1])
        made: Values = np.sqrt(np.maximum(forecast, self.floor) * self.floor) * np.sqrt(
            1.0 + self.growth * ahead
        )
        return made


def learn_errors(actual: Values, forecast: Values) -> Errors:
    """Learn from a backtest; both arrays have the shape (origins, horizon).

    Their mean is taken off: that a model was too low in the past is no reason to expect it again, and a model
    that always is has to show its cost. What stays is how errors spread, skewness included.
    """
    floor = max(float(np.abs(actual).mean()) * 0.25, float(np.abs(forecast).mean()) * 0.25, 1e-6)
    error = actual - forecast
    base = np.sqrt(np.maximum(forecast, floor) * floor)
    growth = _growth(error / base)
    scaled = error / (base * np.sqrt(1.0 + growth * np.arange(error.shape[1])))
    together = _together(scaled)
    worth = scaled.size / (1 + (scaled.shape[1] - 1) * together)
    return Errors(np.sort(scaled.ravel() - scaled.mean()), floor, growth, together, max(worth, 1.0))


def errors_around(values: Values) -> Errors:
    """Take values around their mean for errors, without a backtest; a single value may be out by itself."""
    mean = float(values.mean())
    floor = max(mean * 0.25, 1e-6)
    spread = values - mean if len(values) > 1 else np.array([-mean, mean])
    return Errors(np.sort(spread / np.sqrt(max(mean, floor) * floor)), floor, 0.0, 0.1, float(len(spread)))


def _growth(scaled: Values) -> float:
    """By how much the variance grows from one period ahead to the next, as a share of the first one's."""
    origins, horizon = scaled.shape
    by_horizon = np.einsum("ij,ij->j", scaled, scaled) / origins
    mean = float(by_horizon.sum()) / horizon
    if horizon < 3 or mean <= 0:
        return 0.0
    ahead = np.arange(horizon) - (horizon - 1) / 2
    slope = float(ahead @ by_horizon) / float(ahead @ ahead)
    start = mean - slope * (horizon - 1) / 2
    return float(min(max(slope / max(start, mean / 3), 0.0), 1.0))


def _together(scaled: Values) -> float:
    """Correlation of errors within one forecast: it makes sums of days less certain than days apart."""
    origins, horizon = scaled.shape
    variance = float((scaled**2).mean())
    if horizon < 2 or variance <= 0:
        return 0.0
    sums = float((scaled.sum(axis=1) ** 2).mean()) / (horizon * variance)
    seen = (sums - 1.0) / (horizon - 1)
    shrunk = (origins * seen + 2 * 0.1) / (origins + 2)
    return float(np.clip(shrunk, 0.0, 0.9))


def error_quantiles(errors: Errors, probabilities: Sequence[float]) -> Values:
    """Quantiles of the scaled error: those seen, moved outward for how few they are worth.

    Errors of one forecast go together, so that n of them are worth n / (1 + (horizon - 1) correlation). Split
    conformal prediction moves them by chance / n and so covers at least what it promises, and at most 1 / n
    more: half of that is the middle. The fewer there are, the more a Student distribution of the same spread
    counts.
    """
    chances = np.asarray(probabilities)
    sample, worth = errors.sample, errors.worth
    spread = float(np.sqrt((sample**2).mean())) if len(sample) else 1.0
    assumed = spread * stdtrit(max(worth - 1.0, 2.0), chances)
    if len(sample) < LEAST_ERRORS:
        return np.asarray(assumed, dtype=np.float64)
    correction = np.where(chances > 0.5, chances, np.where(chances < 0.5, chances - 1.0, 0.0)) / worth
    outward = np.clip(chances + correction / 2, 0.0, 1.0)
    share = PRIOR_ERRORS / (PRIOR_ERRORS + worth)
    return np.asarray(
        share * assumed + (1 - share) * np.quantile(sample, outward, method="weibull"), dtype=np.float64
    )


def day_quantiles(forecast: Values, errors: Errors, probabilities: Sequence[float]) -> Values:
    """Quantiles of each period, never below zero, rising: shape (…, horizon, probabilities)."""
    scale = errors.scale(forecast)
    made = forecast[..., None] + scale[..., None] * error_quantiles(errors, probabilities)
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

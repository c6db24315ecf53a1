"""What a backtest teaches about errors: how likely nothing is, how far amounts lie from what was forecast.

Demand of a period is taken in two parts (Cragg's hurdle, 1971): nothing, with a chance that goes with the
forecast; or an amount, whose error is divided by a scale that follows its level and grows with the horizon,
so that all errors are one sample.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.models.interface import Values

Counts: TypeAlias = NDArray[np.int64]
LEVELS = np.linspace(-4.0, 4.0, 33)
"""Logarithms of a forecast by the mean forecast, at which the chance of nothing is learnt."""
WIDTH = 0.5
_NEAR = np.exp(-0.5 * ((LEVELS[:, None] - LEVELS) / WIDTH) ** 2)
PRIOR_PERIODS = 4.0
"""How many periods the overall chance of nothing counts for beside those of a like forecast."""
PRIOR_ORIGINS = 2
PROVEN = 4.0
"""A mean error is believed beyond two standard errors, of which this is the square."""


@dataclass(frozen=True)
class Errors:
    """Errors of amounts in units of their scale; how the scale is made; how likely nothing is.

    Of several backtests at once each field has one value, or row, for each of them.

    Args:
        sample: Errors in rising order, infinite from the `count`th on.
        count: How many there are.
        floor: Least level that a scale is made from; the scale of the level x is the root of x and floor.
        growth: What the variance grows by from one period ahead to the next, as a share of the first one's.
        together: Correlation of errors within one forecast.
        worth: How many independent errors the sample is worth.
        origins: How many forecasts it comes from.
        lean: Mean of the sample: the part of the mean error that is proven.
        level: The mean forecast.
        nothing: Chance of nothing at each of `LEVELS`.
    """

    sample: Values
    count: Counts
    floor: Values
    growth: Values
    together: Values
    worth: Values
    origins: float
    lean: Values
    level: Values
    nothing: Values

    def scale(self, amount: Values) -> Values:
        """Give the scale of amounts expected 1, 2 … periods ahead."""
        ahead = np.arange(amount.shape[-1])
        made: Values = _base(amount, self.floor[..., None]) * np.sqrt(1.0 + self.growth[..., None] * ahead)
        return made

    def chance(self, forecast: Values) -> Values:
        """Give the chance that nothing is wanted in the periods of a forecast."""
        return _chance(self.nothing, self.level, forecast)


def learn_errors(
    actual: Values, forecast: Values, idle: Flags | None = None, *, leaning: bool = True
) -> Errors:
    """Learn from a backtest; arrays have the shape (origins, horizon), or one more before for several.

    Periods that are `idle` by rule teach nothing. The mean error is taken off but for what is proven of it
    (a positive-part James–Stein estimate): that a level rose once is no reason to expect it again. Without
    `leaning` all of it is: so models are judged, for one that is always too low has to show its cost.
    """
    told = np.ones(actual.shape, dtype=np.bool_) if idle is None else ~idle
    level = np.maximum(_mean(forecast, told), 1e-9)
    nothing = _learn_nothing(actual == 0.0, forecast, told, level)
    amount = forecast / (1.0 - _chance(nothing, level, forecast, axes=2))
    wanted = told & (actual > 0.0)
    size = np.maximum(_mean(actual, wanted), _mean(amount, told))
    floor = np.asarray(np.maximum(size * 0.25, 1e-6))
    base = _base(amount, floor[..., None, None])
    growth = _growth(np.where(wanted, (actual - amount) / base, 0.0), wanted)
    scale = base * np.sqrt(1.0 + growth[..., None, None] * np.arange(actual.shape[-1]))
    together = _together(np.where(told, (actual - forecast) / scale, 0.0))
    count = np.asarray(wanted.sum(axis=(-2, -1)), dtype=np.int64)
    origins = actual.shape[-2]
    worth = np.maximum(
        count / (1.0 + np.maximum(count / origins - 1.0, 0.0) * np.maximum(together, 0.0)), 1.0
    )
    flat = (*actual.shape[:-2], -1)
    sample = np.sort(np.where(wanted, (actual - amount) / scale, np.inf).reshape(flat), axis=-1)
    sample, lean = _lean(sample, count, worth, leaning=leaning)
    return Errors(sample, count, floor, growth, together, worth, float(origins), lean, level, nothing)


def errors_around(values: Values) -> Errors:
    """Take values around their mean for errors, without a backtest; a single value may be out by itself."""
    around = values if len(values) > 1 else values * np.array([0.01, 1.99])
    learnt = learn_errors(around[:, None], np.full((len(around), 1), max(float(values.mean()), 1e-9)))
    return replace(learnt, together=np.asarray(0.1))


def _base(amount: Values, floor: Values) -> Values:
    return np.asarray(np.sqrt(np.maximum(amount, floor) * floor))


def _mean(values: Values | Flags, which: Flags) -> Values:
    """Mean over origins and horizon of those that count; 0 where none does."""
    return np.asarray((values * which).sum(axis=(-2, -1)) / np.maximum(which.sum(axis=(-2, -1)), 1))


def _learn_nothing(nothing: Flags, forecast: Values, told: Flags, level: Values) -> Values:
    """Estimate the chance of nothing at each of `LEVELS` by what came of forecasts near it."""
    seen = nothing & told
    overall = _mean(nothing, told)
    if not seen.any():
        return np.zeros((*overall.shape, len(LEVELS)))
    near, of_them = (_counted(forecast, which, level) @ _NEAR for which in (told, seen))
    found = (of_them + PRIOR_PERIODS * overall[..., None]) / (near + PRIOR_PERIODS)
    most = 1.0 - 1.0 / (told.sum(axis=(-2, -1)) + 1.0)
    return np.asarray(np.minimum(found, most[..., None]))


def _counted(forecast: Values, which: Flags, level: Values) -> Values:
    """Count forecasts by the nearest of `LEVELS`, for each backtest."""
    step = LEVELS[1] - LEVELS[0]
    place = np.rint((_relative(forecast, level[..., None, None]) - LEVELS[0]) / step).astype(np.int64)
    own = np.arange(level.size).reshape(*level.shape, 1, 1) * len(LEVELS)
    counted = np.bincount((place + own)[which], minlength=level.size * len(LEVELS))
    return counted.reshape(*level.shape, len(LEVELS)).astype(np.float64)


def _relative(forecast: Values, level: Values) -> Values:
    return np.asarray(np.clip(np.log(np.maximum(forecast / level, 1e-9)), LEVELS[0], LEVELS[-1]))


def _chance(nothing: Values, level: Values, forecast: Values, axes: int = 1) -> Values:
    """Read the chance of nothing off between `LEVELS`; `axes` of the forecast are its own."""
    if not nothing.any():
        return np.zeros(forecast.shape)
    own = forecast.shape[forecast.ndim - axes :]
    flat = forecast.reshape(*forecast.shape[: forecast.ndim - axes], -1)
    place = (_relative(flat, level[..., None]) - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
    below = np.minimum(place.astype(np.int64), len(LEVELS) - 2)
    low, high = (np.take_along_axis(nothing, below + step, axis=-1) for step in (0, 1))
    return np.asarray(low + (high - low) * (place - below)).reshape(*flat.shape[:-1], *own)


def _growth(scaled: Values, wanted: Flags) -> Values:
    """By how much the variance grows from one period ahead to the next, as a share of the first one's."""
    horizon = scaled.shape[-1]
    squares = (scaled * scaled).sum(axis=-2)
    counts = wanted.sum(axis=-2)
    mean = squares.sum(axis=-1) / np.maximum(counts.sum(axis=-1), 1)
    if horizon < 3:
        return np.zeros_like(mean)
    by_horizon = np.where(counts > 0, squares / np.maximum(counts, 1), mean[..., None])
    ahead = np.arange(horizon) - (horizon - 1) / 2
    slope = by_horizon @ ahead / float(ahead @ ahead)
    middle = by_horizon.mean(axis=-1)
    start = np.maximum(middle - slope * (horizon - 1) / 2, middle / 3)
    return np.asarray(np.clip(slope / np.where(middle > 0, start, 1.0), 0.0, 1.0))


def _together(scaled: Values) -> Values:
    """Correlation of errors within one forecast: it makes sums of days less certain than days apart."""
    origins, horizon = scaled.shape[-2:]
    variance = (scaled * scaled).mean(axis=(-2, -1))
    if horizon < 2:
        return np.zeros_like(variance)
    sums = (scaled.sum(axis=-1) ** 2).mean(axis=-1) / (horizon * np.where(variance > 0, variance, 1.0))
    seen = (sums - 1.0) / (horizon - 1)
    shrunk = (origins * seen + PRIOR_ORIGINS * 0.1) / (origins + PRIOR_ORIGINS)
    return np.asarray(np.where(variance > 0, np.minimum(shrunk, 0.9), 0.0))


def _lean(sample: Values, count: Counts, worth: Values, *, leaning: bool) -> tuple[Values, Values]:
    """Take the mean off the sample but for what is proven of it; give both."""
    known = np.isfinite(sample)
    number = np.maximum(count, 1)
    finite = np.where(known, sample, 0.0)
    mean = finite.sum(axis=-1) / number
    variance = np.maximum((finite * finite).sum(axis=-1) / number - mean * mean, 0.0)
    proven = leaning & (mean * mean * worth > PROVEN * variance)
    kept = np.where(proven, 1.0 - PROVEN * variance / np.maximum(mean * mean * worth, 1e-300), 0.0)
    lean = np.asarray(kept * mean)
    return np.asarray(sample - (mean - lean)[..., None]), lean

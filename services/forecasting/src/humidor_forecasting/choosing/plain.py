"""A second opinion on sums of days: the plain mean of the last weeks' same days, with a normal spread.

What a few sums of a backtest say of sums of weeks is uncertain itself: levels set by it would rise and fall
with every run. The plain mean hardly moves, and its errors are known from all of the history. Quantiles of
both are averaged (Lichtendahl, Grushka-Cockayne & Winkler 2013), which is more certain than either.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.models.interface import History, Values

SEASONS, LONGEST_SEASON = 8, 24
SHARE = 0.5


def beside_plain(
    sums: Values, history: History, probabilities: Sequence[float], idle: Flags | None = None
) -> Values:
    """Average quantiles of the first 1, 2 … days together, shape (horizon, probabilities), with plain ones.

    A single day stays as it is; the plain share rises to a half at a whole season. `idle` days add nothing.
    Only daily histories of twice the mean's length have a second opinion.
    """
    season = max(history.season, 1)
    if history.days_per_period != 1 or not 2 <= season <= LONGEST_SEASON:
        return sums
    if len(history) < 2 * SEASONS * season:
        return sums
    trading = np.ones(len(sums)) if idle is None else (~idle).astype(np.float64)
    share = SHARE * np.clip((trading.cumsum() - 1.0) / (season - 1.0), 0.0, 1.0)[:, None]
    return np.asarray((1.0 - share) * sums + share * _plain(history.values, season, trading, probabilities))


def _plain(values: Values, season: int, trading: Values, probabilities: Sequence[float]) -> Values:
    """Normal quantiles of sums of independent days: means of the last seasons' same days, their errors."""
    window, ahead = SEASONS * season, np.arange(len(trading)) % season
    means = values[-window:].reshape(SEASONS, season).mean(axis=0)
    before = [values[window - lag : len(values) - lag] for lag in range(season, window + 1, season)]
    error = values[window:] - np.mean(before, axis=0)
    squares = error[len(error) % season :].reshape(-1, season) ** 2
    variance = (squares.mean(axis=0)[ahead] * trading).cumsum()
    expected = (means[ahead] * trading).cumsum()
    made = expected[:, None] + np.sqrt(variance)[:, None] * ndtri(np.asarray(probabilities))
    return np.asarray(np.maximum(made, 0.0))

"""A second opinion on sums of days: plain means of the last weeks' same days, and how far they were off.

What a few sums of a backtest say of sums of weeks is uncertain itself, and a spread that follows the level of
the moment jumps with every large order: levels of stock set by it rise and fall with every run. Plain means
can be made after every week of the history. Their average stands beside the forecast (means of what differs
err less than either: Timmermann 2006), and the spread of sums is theirs alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import stdtrit

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.models.interface import History, Values

SEASONS = (4, 8)
"""Seasons that means are made of; one more is made of all."""
FEWEST = 2
"""The first mean is made after so many seasons."""
LEAST_ORIGINS, LEAST_SEASONS, LONGEST_SEASON = 8, 16, 24
SHARE = 0.5
"""Of the plain means in the middle, the forecast's median having the rest."""
ALIKE = 0.25
"""How much the sums' own variance counts beside that of days that are independent: it rests on few sums."""
FOLLOWING = 0.25
"""The spread goes with this power of the level: half-way between not at all and as Poisson's does."""
FREEDOM = 8.0
"""Of the Student distribution: tails of sums are heavier than a normal one's."""


def beside_plain(
    sums: Values, history: History, probabilities: Sequence[float], idle: Flags | None = None
) -> Values:
    """Move quantiles of the first 1, 2 … days together, shape (horizon, probabilities), to plain means.

    From a whole season on the middle is half of each and the spread that of the plain means; a single day
    stays as it is, and what lies between goes from the one to the other. `idle` days add nothing. Only daily
    histories of sixteen seasons, and of eight forecasts to learn from, have a second opinion.
    """
    season, horizon = max(history.season, 1), len(sums)
    least = max(LEAST_SEASONS, FEWEST + LEAST_ORIGINS + -(-horizon // season))
    if history.days_per_period != 1 or not 2 <= season <= LONGEST_SEASON or len(history) < least * season:
        return sums
    trading = np.ones(horizon) if idle is None else (~idle).astype(np.float64)
    expected, deviation = _plain(history.values, season, trading)
    middle = np.array([np.interp(0.5, probabilities, row) for row in sums])
    scores = stdtrit(FREEDOM, np.asarray(probabilities))
    made = ((1 - SHARE) * middle + SHARE * expected)[:, None] + deviation[:, None] * scores
    share = np.clip((trading.cumsum() - 1.0) / (season - 1.0), 0.0, 1.0)[:, None]
    return np.asarray((1.0 - share) * sums + share * np.maximum(made, 0.0))


def _plain(values: Values, season: int, trading: Values) -> tuple[Values, Values]:
    """Expected sums and their deviations, from means made after every season of the history.

    Each mean counts by the inverse square of its mean squared error over as many days.
    """
    seasons = values[len(values) % season :].reshape(-1, season)
    totals = np.vstack([np.zeros(season), seasons.cumsum(axis=0)])
    count, ahead = len(seasons), np.arange(len(trading)) % season
    lengths = np.array([*SEASONS, count])
    ends = np.arange(FEWEST, count + 1 - -(-len(trading) // season))
    came = sliding_window_view(seasons.ravel(), len(trading))[ends * season]
    taken = np.minimum(lengths[:, None], ends)
    means = (totals[ends] - totals[ends - taken]) / taken[..., None]
    errors = (came - means[..., ahead]) * trading
    weights = _weigh((errors.cumsum(axis=-1) ** 2).mean(axis=1))
    newest = ((totals[count] - totals[count - lengths]) / lengths[:, None])[:, ahead] * trading
    expected = (weights * newest.cumsum(axis=-1)).sum(axis=0)
    variance = _variance((weights[:, None] * errors).sum(axis=0), season)
    level, before = float(expected[-1]), float((seasons.mean(axis=0)[ahead] * trading).sum())
    follows = (max(level, 0.0) / before) ** FOLLOWING if before > 0.0 else 1.0
    return expected, np.sqrt(variance) * follows


def _weigh(squares: Values) -> Values:
    """Weights of rows, by column: the inverse of their squares, alike where no error was made."""
    worst = squares.max(axis=0)
    relative = np.where(worst > 0.0, squares / np.where(worst > 0.0, worst, 1.0), 1.0)
    inverse = np.maximum(relative, 1e-6) ** -2.0
    return np.asarray(inverse / inverse.sum(axis=0))


def _variance(errors: Values, season: int) -> Values:
    """Variance of the first 1, 2 … errors of a row together, each row being one forecast's.

    Independent days would add up; what rows as a whole show beyond counts for a part.
    """
    horizon = errors.shape[1]
    days = (errors**2).mean(axis=0)
    by_place = np.array([days[place::season].mean() for place in range(min(season, horizon))])
    apart = by_place[np.arange(horizon) % season].cumsum()
    return np.asarray((1.0 - ALIKE) * apart + ALIKE * (errors.cumsum(axis=1) ** 2).mean(axis=0))

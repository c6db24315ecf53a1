"""A second opinion on sums of days: plain means of the last weeks' same days, and how far they were off.

What a few sums of a backtest say of sums of weeks is uncertain itself, and a spread that follows the level of
the moment jumps with every large order: levels of stock set by it rise and fall with every run. Plain means
can be made after every week of the history. They stand beside the forecast as its equals (simple averages of
forecasts are hard to beat: Clemen 1989; Claeskens et al. 2016), and the spread of sums is theirs alone.
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
SHARE = 0.75
"""Of the plain means in the middle: the forecast's median counts as one of four."""
JUDGED = 8
"""Errors are those of the mean of so many seasons, from when it is whole."""
LEAST_SEASONS, LEAST_SUMS, LONGEST_SEASON = 16, 4, 24
ALIKE = 0.25
"""How much the sums' own variance counts beside that of days that are independent: it rests on few sums."""
FOLLOWING = 0.25
"""The spread goes with this power of the level: half-way between not at all and as Poisson's does."""
MOST_VARIED = 1.0
"""Squared variation of sizes, as of exponential ones: what is seen beyond does not last."""
FREEDOM = 8.0
"""Of the Student distribution: tails of sums are heavier than a normal one's."""


def beside_plain(
    sums: Values,
    history: History,
    probabilities: Sequence[float],
    idle: Flags | None = None,
    times: Values | float = 1.0,
) -> Values:
    """Move quantiles of the first 1, 2 … days together, shape (horizon, probabilities), to plain means.

    From a whole season on the middle is that of the forecast and the plain means, the spread theirs alone; a
    single day stays as it is, and what lies between goes from the one to the other. `idle` days add nothing.
    Only daily histories of sixteen seasons, and of four sums as long as the horizon to learn from, have a
    second opinion. A history without events is given with how many `times` they change the days ahead.
    """
    season, horizon = max(history.season, 1), len(sums)
    least = max(LEAST_SEASONS, JUDGED + LEAST_SUMS - 1 + -(-horizon // season))
    if history.days_per_period != 1 or not 2 <= season <= LONGEST_SEASON or len(history) < least * season:
        return sums
    trading = (np.ones(horizon) if idle is None else (~idle).astype(np.float64)) * times
    seasons = history.values[len(history) % season :].reshape(-1, season)
    expected, follows = _expect(seasons, trading)
    deviation = np.sqrt(_variance(seasons, trading) * _lasting(seasons)) * follows
    middle = np.array([np.interp(0.5, probabilities, row) for row in sums])
    scores = stdtrit(FREEDOM, np.asarray(probabilities))
    made = ((1 - SHARE) * middle + SHARE * expected)[:, None] + deviation[:, None] * scores
    share = np.clip(((trading > 0.0).cumsum() - 1.0) / (season - 1.0), 0.0, 1.0)[:, None]
    return np.asarray((1.0 - share) * sums + share * np.maximum(made, 0.0))


def _expect(seasons: Values, trading: Values) -> tuple[Values, float]:
    """Expect sums by the plain means; and say what the spread follows of their level.

    Each, made after every season, counts by the inverse square of its mean squared error over as many days.
    """
    count, season = seasons.shape
    totals = _totals(seasons)
    ahead, lengths = np.arange(len(trading)) % season, np.array([*SEASONS, count])
    ends = np.arange(FEWEST, count + 1 - -(-len(trading) // season))
    came = sliding_window_view(seasons.ravel(), len(trading))[ends * season]
    taken = np.minimum(lengths[:, None], ends)
    means = (totals[ends] - totals[ends - taken]) / taken[..., None]
    errors = (came - means[..., ahead]) * trading
    weights = _weigh((errors.cumsum(axis=-1) ** 2).mean(axis=1))
    newest = ((totals[count] - totals[count - lengths]) / lengths[:, None])[:, ahead] * trading
    sums = newest.cumsum(axis=-1)
    expected, before = np.asarray((weights * sums).sum(axis=0)), float(sums[-1, -1])
    return expected, float(expected[-1] / before) ** FOLLOWING if before > 0.0 else 1.0


def _totals(seasons: Values) -> Values:
    """Sums of the days of the first 0, 1 … of the seasons."""
    return np.vstack([np.zeros(seasons.shape[1]), seasons.cumsum(axis=0)])


def _weigh(squares: Values) -> Values:
    """Weights of rows, by column: the inverse of their squares, alike where no error was made."""
    worst = squares.max(axis=0)
    relative = np.where(worst > 0.0, squares / np.where(worst > 0.0, worst, 1.0), 1.0)
    inverse = np.maximum(relative, 1e-6) ** -2.0
    return np.asarray(inverse / inverse.sum(axis=0))


def _variance(seasons: Values, trading: Values) -> Values:
    """Variance of the errors of sums: as of independent days, and for a part as sums had it.

    A day's is that of the season after each mean; further ahead levels move, which only sums tell.
    """
    horizon, season, totals = len(trading), seasons.shape[1], _totals(seasons)
    means = (totals[JUDGED:] - totals[:-JUDGED]) / JUDGED
    days = ((seasons[JUDGED:] - means[:-1]) ** 2).mean(axis=0)
    apart = (np.resize(days, horizon) * trading).cumsum()
    came = sliding_window_view(seasons[JUDGED:].ravel(), horizon)[::season]
    errors = (came - np.array([np.resize(each, horizon) for each in means[: len(came)]])) * trading
    return np.asarray((1.0 - ALIKE) * apart + ALIKE * (errors.cumsum(axis=1) ** 2).mean(axis=0))


def _lasting(values: Values) -> float:
    """Share of the variance that is believed: sizes that vary more than exponential ones count as those.

    With an interval p between days with demand and a squared variation v of their amounts, that of all days
    is p (1 + v) - 1 (Syntetos, Boylan & Croston 2005). How often demand comes is known well; v rests on the
    few greatest amounts, and products where it was great are not those where it will be.
    """
    sizes = values[values > 0.0]
    if not len(sizes):
        return 1.0
    interval, varied = values.size / len(sizes), float(sizes.var() / sizes.mean() ** 2)
    believed, seen = (interval * (1.0 + each) - 1.0 for each in (min(varied, MOST_VARIED), varied))
    return believed / seen if varied > MOST_VARIED else 1.0

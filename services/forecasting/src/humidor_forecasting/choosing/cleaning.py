"""Makes a sound history of what was recorded, and says what was done to it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from math import exp, lgamma, log

import numpy as np

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.models.interface import Values

MOST_PERIODS = 1100
FILLING_SEASONS = 4

ABSURD_TIMES = 8.0
ABSURD_DEVIATIONS = 12.0
MEANT_TIMES = 4.0
"""A promotion or a holiday may sell so many times what would be absurd on other days."""
FEWEST_SALES = 3
FIRST_SALES = 10
"""Amounts are judged by those before them, the first ones by each other."""
RARE = 1e-3


@dataclass(frozen=True)
class Cleaned:
    """A history without gaps or absurdities; `first` is how many periods at the begin were left out."""

    values: Values
    first: int
    notes: list[str] = field(default_factory=list)


def clean(
    recorded: Values,
    *,
    censored: Collection[int] = (),
    closed: Collection[int] = (),
    excused: Collection[int] = (),
    season: int = 7,
) -> Cleaned:
    """Fill gaps, lift censored periods, cut absurd ones.

    Args:
        recorded: Amounts; not a number where nothing was recorded. Sums may be negative (returns alone).
        censored: Periods with stock-outs: demand was at least what was sold. They are lifted to what the same
            places of the seasons before show, never lowered.
        closed: Periods in which the store was shut: they say nothing, so they are filled likewise.
        excused: Periods of promotions and holidays, whose peaks are meant.
        season: Periods of one season.

    What is filled in, and what is cut, rests on what came before it alone, so that a backtest over the clean
    history sees nothing of its future; but for the first ten amounts, which are judged by each other, and for
    amounts that later ones show to be real, which count as they were recorded.
    """
    notes: list[str] = []
    values = np.asarray(recorded, dtype=np.float64).copy()
    first = _leading(values)
    if len(values) - first > MOST_PERIODS:
        first = len(values) - MOST_PERIODS
        notes.append(f"only the newest {MOST_PERIODS} periods are used")
    values = values[first:]
    lifted, shut, meant = (_flags(places, first, len(values)) for places in (censored, closed, excused))
    if (negative := values < 0).any():
        notes.append(f"{int(negative.sum())} negative amounts (returns alone) counted as zero")
        values[negative] = 0.0
    gaps = ~np.isfinite(values)
    if gaps.any() and not gaps.all():
        notes.append(f"{int(gaps.sum())} gaps filled from the same places of the seasons before")
    values = np.where(gaps, 0.0, values)
    values, cut = cut_absurd(values, meant)
    notes += cut
    unknown = gaps | shut
    soft = lifted & ~unknown
    if (unknown | soft).any() and not (unknown | soft).all():
        expected = _expect(values, unknown | soft, season)
        changed = unknown | (soft & (expected > values))
        if (soft & changed).any():
            notes.append(f"{int((soft & changed).sum())} periods with stock-outs lifted to what was wanted")
        if (shut & ~gaps).any():
            notes.append(f"{int((shut & ~gaps).sum())} periods in which the store was closed filled likewise")
        values = np.where(changed, expected, values)
    return Cleaned(values, first, notes)


def _leading(values: Values) -> int:
    """Leave out what was before the first demand: the product was not there yet."""
    wanted = np.flatnonzero(np.isfinite(values) & (values > 0))
    return int(wanted[0]) if len(wanted) else 0


def _flags(places: Collection[int], first: int, count: int) -> Flags:
    flags = np.zeros(count, dtype=np.bool_)
    at = np.array([place - first for place in places if 0 <= place - first < count], dtype=np.int64)
    flags[at] = True
    return flags


def cut_absurd(values: Values, meant: Flags | None = None) -> tuple[Values, list[str]]:
    """Cut single amounts beyond all measure to the greatest one before; say so.

    Beyond measure is more than `_limit`, both of all amounts and of those until then (of the first ten at the
    begin), four times as much where peaks are `meant`, while the periods around show nothing of the kind: a
    level that has really risen is left alone, and so are amounts that come again and again.
    """
    wanted = np.flatnonzero(values > 0)
    if len(wanted) < FEWEST_SALES:
        return values, []
    times = np.ones(len(values)) if meant is None else np.where(meant, MEANT_TIMES, 1.0)
    kept, ceilings = values.copy(), []
    for at in np.flatnonzero(values > times * _limit(values[wanted])):
        judges = wanted[: max(int(np.searchsorted(wanted, at)) + 1, FIRST_SALES)]
        if _alone(values, int(at)) and values[at] > times[at] * _limit(kept[judges]):
            kept[at] = float(kept[judges[judges != at]].max())
            ceilings.append(float(kept[at]))
    if not ceilings or len(ceilings) > max(3, len(values) // 100):
        return values, []
    worst = float(values[kept < values].max())
    return kept, [
        f"{len(ceilings)} absurd amounts cut to {max(ceilings):.9g} at most (the greatest was {worst:.9g})"
    ]


def _limit(wanted: Values) -> float:
    """Give the amount beyond which a sale is absurd, by all `wanted` ones, itself among them; three or more.

    It is eight times the greatest but for the top percents, and at least twelve robust standard deviations
    above the median. Of few amounts the greatest is by chance many times the second: of n exponential ones f
    times or more with the probability n! / ((f + 1) … (f + n - 1)). They get the f that comes about once in a
    thousand (the mean of the factors taken for each): 76 times for three, 16 for five, 8 from nine on.
    """
    count = len(wanted)
    chance = exp((lgamma(count + 1) - log(RARE)) / (count - 1)) - count / 2
    usual = float(np.quantile(wanted, 0.98, method="lower"))
    median = float(np.median(wanted))
    spread = 1.4826 * float(np.median(np.abs(wanted - median)))
    return max(max(ABSURD_TIMES, chance) * usual, median + ABSURD_DEVIATIONS * spread)


def _alone(values: Values, at: int) -> bool:
    around = np.concatenate([values[max(at - 7, 0) : at], values[at + 1 : at + 8]])
    return len(around) == 0 or float(np.sort(around)[-2:].min()) * ABSURD_TIMES < values[at]


def _expect(values: Values, unknown: Flags, season: int) -> Values:
    """Expect of each period the mean of the last four known ones of its place in the season, all before it.

    Where there is none the mean of what is known before it is taken, and at the very begin of all.
    """
    expected = _before(values, ~unknown, len(values), float(values[~unknown].mean()))
    for place in range(season):
        own = slice(place, None, season)
        expected[own] = _before(values[own], ~unknown[own], FILLING_SEASONS, expected[own])
    return expected


def _before(values: Values, known: Flags, most: int, otherwise: Values | float) -> Values:
    """Give the mean of the last `most` known values before each one, `otherwise` where there is none."""
    sums = np.concatenate([[0.0], values[known].cumsum()])
    until = known.cumsum() - known
    since = np.maximum(until - most, 0)
    means = (sums[until] - sums[since]) / np.maximum(until - since, 1)
    return np.where(until > 0, means, otherwise)

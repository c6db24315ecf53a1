"""Makes a sound history of what was recorded, and says what was done to it."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from humidor_forecasting.models.interface import Values

MOST_PERIODS = 1100
ABSURD_TIMES = 8.0
ABSURD_DEVIATIONS = 12.0


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
            places of the seasons around show, never lowered.
        closed: Periods in which the store was shut: they say nothing, so they are filled likewise.
        excused: Periods of promotions and holidays, whose peaks are meant.
        season: Periods of one season.
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
        notes.append(f"{int(gaps.sum())} gaps filled from the same places of the seasons around")
    values = np.where(gaps, 0.0, values)
    values = _winsorise(values, meant | gaps, notes)
    unknown = gaps | shut
    soft = lifted & ~unknown
    if (unknown | soft).any() and not (unknown | soft).all():
        expected = _around(values, unknown | soft, season)
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


def _flags(places: Collection[int], first: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    flags = np.zeros(count, dtype=np.bool_)
    at = np.array([place - first for place in places if 0 <= place - first < count], dtype=np.int64)
    flags[at] = True
    return flags


def _winsorise(
    values: Values, excused: np.ndarray[tuple[int], np.dtype[np.bool_]], notes: list[str]
) -> Values:
    """Cut single amounts beyond all measure to the greatest of the others.

    Beyond measure is more than eight times the greatest amount but for the top percent, and twelve robust
    standard deviations above the median of what was sold, while the periods around show nothing of the kind:
    a level that has really risen is left alone.
    """
    wanted = values[values > 0]
    if len(wanted) < 10:
        return values
    usual = float(np.quantile(wanted, 0.98, method="lower"))
    median = float(np.median(wanted))
    spread = 1.4826 * float(np.median(np.abs(wanted - median)))
    limit = max(ABSURD_TIMES * usual, median + ABSURD_DEVIATIONS * spread)
    absurd = [int(at) for at in np.flatnonzero((values > limit) & ~excused) if _alone(values, int(at))]
    if not absurd or len(absurd) > max(3, len(values) // 100):
        return values
    kept = values.copy()
    ceiling = float(np.delete(values, absurd).max())
    kept[absurd] = ceiling
    worst = max(values[absurd])
    notes.append(f"{len(absurd)} absurd amounts cut to {ceiling:g} (the greatest was {worst:g})")
    return kept


def _alone(values: Values, at: int) -> bool:
    around = np.concatenate([values[max(at - 7, 0) : at], values[at + 1 : at + 8]])
    return len(around) == 0 or float(np.sort(around)[-2:].min()) * ABSURD_TIMES < values[at]


def _around(values: Values, unknown: np.ndarray[tuple[int], np.dtype[np.bool_]], season: int) -> Values:
    """Expect of each unknown period the mean of the known ones one to four seasons away, or of all."""
    expected = values.copy()
    fallback = float(values[~unknown].mean())
    for at in np.flatnonzero(unknown):
        places = [at + k * season for k in (-4, -3, -2, -1, 1, 2, 3, 4)]
        known = [values[p] for p in places if 0 <= p < len(values) and not unknown[p]]
        expected[at] = float(np.mean(known)) if known else fallback
    return expected

"""Which quantiles make an interval: central, or from nothing on where nothing is likely.

Where nothing is wanted with a chance above (1 - level) / 2, the lower quantile of a central interval is zero,
which demand never falls below: it would hold (1 + level) / 2 of what comes. What is left out then lies above
alone, so the interval ends with the quantile of its level: from 0 to q(level).
"""

from collections.abc import Sequence
from typing import NamedTuple

LEVELS = (0.8, 0.95)


class Ends(NamedTuple):
    """The probabilities of an interval's ends, and of its end where it begins with nothing."""

    low: float
    high: float
    alone: float


class Places(NamedTuple):
    """Where those stand among probabilities."""

    low: int
    high: int
    alone: int


def ends_of(level: float) -> Ends:
    """Name the probabilities: 0.8 gives 0.1, 0.9 and 0.8."""
    return Ends(round((1 - level) / 2, 6), round((1 + level) / 2, 6), level)


def places_of(level: float, probabilities: Sequence[float]) -> Places | None:
    """Find those of an interval among probabilities; None where one of them is not there."""
    places = {round(each, 6): place for place, each in enumerate(probabilities)}
    wanted = ends_of(level)
    return Places(*(places[each] for each in wanted)) if places.keys() >= set(wanted) else None

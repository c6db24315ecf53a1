"""Intervals from quantiles: central, or from nothing on where nothing is likely.

Where nothing is wanted with a chance above (1 - level) / 2, the lower quantile of a central interval is zero,
which demand never falls below: it would hold (1 + level) / 2 of what comes. What is left out then lies above
alone, so the interval ends with the quantile of its level: [0, q(level)].
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from humidor_forecasting.models.interface import Values

LEVELS = (0.8, 0.95)


class Ends(NamedTuple):
    """The probabilities that an interval is made of: its ends, and its end where it begins with nothing."""

    low: float
    high: float
    alone: float


def ends_of(level: float) -> Ends:
    """Name the probabilities: 0.8 gives 0.1, 0.9 and 0.8."""
    return Ends(round((1 - level) / 2, 6), round((1 + level) / 2, 6), level)


def interval(quantiles: Values, probabilities: Sequence[float], level: float) -> tuple[Values, Values]:
    """Give both ends; the last axis of `quantiles` are the probabilities, those of `ends_of` among them."""
    low, high, alone = (quantiles[..., probabilities.index(each)] for each in ends_of(level))
    return low, np.where(low > 0.0, high, alone)

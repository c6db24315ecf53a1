"""Weekdays (or months) on which nothing is ever sold: a day of rest, not a forecast that could be wrong."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_forecasting.models.interface import Values

Flags: TypeAlias = NDArray[np.bool_]

LEAST_SEASONS = 8
LONGEST_SEASON = 24
CHANCE = 1e-4
"""Taken for a rule is a run of nothing that the other days would bring about this seldom."""


def idle_ahead(idle: Flags, ends: Sequence[int], horizon: int, season: int) -> Flags:
    """Say which of the `horizon` periods after each end will be idle: shape (ends, horizon).

    Args:
        idle: Whether nothing was sold, or the store was closed, in each period.
        ends: After how many periods each forecast is made; nothing later is looked at.
        horizon: Periods ahead.
        season: Periods of a season; places within it are what can be idle by rule.
    """
    if not 2 <= season <= LONGEST_SEASON:
        return np.zeros((len(ends), horizon), dtype=np.bool_)
    return np.array([np.resize(_idle_places(idle[:end], season), horizon) for end in ends], dtype=np.bool_)


def _idle_places(idle: Flags, season: int) -> Flags:
    """Say of the `season` periods to come whether their places have been idle for long, beside the others."""
    seasons = len(idle) // season
    if seasons < LEAST_SEASONS:
        return np.zeros(season, dtype=np.bool_)
    places = idle[len(idle) - seasons * season :].reshape(seasons, season)
    runs = np.where(places.all(axis=0), seasons, np.argmin(places[::-1], axis=0))
    recent = places[-LEAST_SEASONS:]
    others: Values = (recent.sum() - recent.sum(axis=0)) / (recent.size - LEAST_SEASONS)
    return np.asarray((runs >= LEAST_SEASONS) & (others**runs < CHANCE), dtype=np.bool_)

"""What the network sees of a series and is asked for: windows of the past, scaled by their own mean."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
Batch: TypeAlias = NDArray[np.float32]

SEASON = 7
LOOK_BACK = 8 * SEASON
YEAR_DAYS = 365.25
FEATURES = LOOK_BACK + SEASON + 4
WEIGHTS, ABOUT = "network.weights.h5", "about.json"
"""The files of a trained network."""


class Series(NamedTuple):
    """Daily amounts from a day on (proleptic ordinal)."""

    first_day: int
    values: Values


class Windows(NamedTuple):
    """Rows of features, and what came after each in units of its scale."""

    features: Batch
    targets: Batch


def features_of(past: Values, next_day: int) -> tuple[Batch, float]:
    """Give the features of a forecast that starts on `next_day`, and the scale of its answer.

    The newest eight weeks by their mean, each as the logarithm of one more; the weekday that comes; the time
    of the year; how long ago anything was sold, and how much the newest four weeks are above the eight.
    """
    seen = np.zeros(LOOK_BACK)
    newest = past[-LOOK_BACK:]
    seen[LOOK_BACK - len(newest) :] = newest
    scale = max(float(newest.mean()), 1e-6)
    weekday = np.zeros(SEASON)
    weekday[next_day % SEASON] = 1.0
    angle = 2 * np.pi * next_day / YEAR_DAYS
    sold = np.flatnonzero(seen)
    silent = (LOOK_BACK - 1 - sold[-1]) / LOOK_BACK if len(sold) else 1.0
    rising = np.log1p(seen[-4 * SEASON :].mean() / scale)
    row = np.concatenate([
        np.log1p(np.maximum(seen, 0.0) / scale), weekday, [np.sin(angle), np.cos(angle), silent, rising],
    ])  # fmt: skip
    return row.astype(np.float32), scale


def windows_of(series: Sequence[Series], horizon: int, *, until: int, step: int = 3) -> Windows:
    """Cut windows whose answers lie before the day `until`: nothing later reaches the training."""
    rows, targets = [], []
    for each in series:
        for row, target in _cut(each, horizon, until, step):
            rows.append(row)
            targets.append(target)
    if not rows:
        return Windows(np.empty((0, FEATURES), np.float32), np.empty((0, horizon), np.float32))
    return Windows(np.stack(rows), np.stack(targets))


def _cut(series: Series, horizon: int, until: int, step: int) -> Iterator[tuple[Batch, Batch]]:
    last = min(len(series.values), until - series.first_day) - horizon
    for end in range(LOOK_BACK // 2, last + 1, step):
        past = series.values[max(end - LOOK_BACK, 0) : end]
        if past.any():
            row, scale = features_of(past, series.first_day + end)
            yield row, (series.values[end : end + horizon] / scale).astype(np.float32)

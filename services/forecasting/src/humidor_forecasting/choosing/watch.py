"""What a published forecast may be wrong by before it has drifted, from its own backtest."""

import numpy as np

from humidor_forecasting.drifts.rules import wape_of
from humidor_forecasting.models.interface import Values

WATCHED_DAYS = 14
LEAST_WINDOWS = 3
DEVIATIONS = 3.0
LEAST_ROOM = 1.5
LEAST_SHARE = 0.25


def watch_of(actual: Values, forecast: Values) -> dict[str, float] | None:
    """Give the WAPE of windows of the backtest, and the band that windows to come should stay in.

    Args:
        actual: Demand, shape (origins, horizon).
        forecast: What was forecast of it, the same shape.

    Returns:
        `days` of a window; `wape`, the mean of the windows'; `band`, three standard deviations above it
        (widened by sqrt(1 + 1/n) for n windows that do not overlap), at least half as much again. None where
        there are fewer than three windows.
    """
    days = min(WATCHED_DAYS, actual.shape[1])
    step = max(days // 2, 1)
    starts = range(0, actual.shape[1] - days + 1, step)
    errors = np.abs(forecast - actual)
    found = np.array([
        wape_of(*(float(table[row, start : start + days].sum()) for table in (errors, actual, forecast)))
        for row in range(len(actual))
        for start in starts
    ])  # fmt: skip
    if len(found) < LEAST_WINDOWS:
        return None
    apart = max(len(found) // 2, 1)
    mean = float(found.mean())
    spread = float(found.std(ddof=1)) * float(np.sqrt(1.0 + 1.0 / apart))
    band = max(mean + DEVIATIONS * spread, LEAST_ROOM * mean, LEAST_SHARE)
    return {"days": float(days), "wape": round(mean, 6), "band": round(band, 6)}

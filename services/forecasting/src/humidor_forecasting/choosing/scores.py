"""What a forecast is judged by; arrays of actual values and forecasts have the same shape."""

from collections.abc import Sequence

import numpy as np

from humidor_forecasting.models.interface import Values


def naive_scale(values: Values, season: int, power: int = 1) -> float:
    """Mean absolute (or squared) error of the seasonal naive forecast within the history; 1 where it is 0."""
    lag = season if len(values) > season else 1
    differences = np.abs(values[lag:] - values[:-lag]) ** power
    scale = float(differences.mean()) if len(differences) else 0.0
    return scale or 1.0


def mase(actual: Values, forecast: Values, scale: float) -> float:
    """Mean absolute scaled error (Hyndman & Koehler 2006): below 1 beats seasonal naive in sample."""
    return float(np.abs(actual - forecast).mean() / scale)


def rmsse(actual: Values, forecast: Values, scale: float) -> float:
    """Root mean squared scaled error (M5); `scale` is the mean squared naive error."""
    return float(np.sqrt(((actual - forecast) ** 2).mean() / scale))


def wape(actual: Values, forecast: Values) -> float | None:
    """Sum of absolute errors by sum of demand; None where nothing was demanded."""
    total = float(np.abs(actual).sum())
    return float(np.abs(actual - forecast).sum()) / total if total else None


def bias(actual: Values, forecast: Values) -> float | None:
    """Sum of errors by sum of demand; above zero was forecast too high."""
    total = float(np.abs(actual).sum())
    return float((forecast - actual).sum()) / total if total else None


def pinball(actual: Values, quantiles: Values, probabilities: Sequence[float]) -> float:
    """Mean quantile loss: max(q(y-x), (q-1)(y-x)); `quantiles` has one more axis, last, for probabilities."""
    chances = np.asarray(probabilities)
    error = actual[..., None] - quantiles
    return float(np.maximum(chances * error, (chances - 1.0) * error).mean())


def coverage(actual: Values, low: Values, high: Values) -> float:
    """Share of actual values within the interval, borders included."""
    return float(((actual >= low) & (actual <= high)).mean())

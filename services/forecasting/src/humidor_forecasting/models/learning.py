"""Models that learn from lags and the calendar, by scikit-learn (imported when first asked)."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_forecasting.models.interface import History, Refitting, Values, as_values

YEAR_DAYS = 365.25
Places: TypeAlias = NDArray[np.int64]


class HarmonicRegression(Refitting):
    """Ridge regression on the place in the season, the time of the year and what is known ahead.

    It is fitted on logs of amounts, newer periods weighing more, and set to the level of the last weeks:
    dynamic harmonic regression (FPP3 §10.5) without its ARIMA errors. It sees the year in daily series,
    which smoothing with a season of a week does not.
    """

    name = "harmonic_regression"
    RIDGE = 1.0
    ORDER = 3

    def suits(self, history: History) -> bool:
        span = len(history) * history.days_per_period
        return (
            len(history) >= 3 * history.season
            and span >= 1.2 * YEAR_DAYS
            and float(np.ptp(history.values)) > 0
        )

    def forecast(self, history: History, horizon: int) -> Values:
        count = len(history)
        logs = np.log1p(np.maximum(history.values, 0.0))
        columns = self._columns(history, count + horizon)
        age = np.arange(count - 1, -1, -1, dtype=np.float64) * history.days_per_period
        weights = np.power(0.5, age / (1.5 * YEAR_DAYS))
        coefficients = _ridge(columns[:count], logs, weights, self.RIDGE)
        fitted = columns @ coefficients
        recent = np.exp(-np.arange(count - 1, -1, -1) / (2.0 * max(history.season, 7)))
        drift = float(((logs - fitted[:count]) * recent).sum() / recent.sum())
        made = np.expm1(fitted[count:] + drift) * _smearing(logs, fitted[:count], drift, recent)
        return as_values(np.maximum(made, 0.0), horizon)

    def _columns(self, history: History, count: int) -> Values:
        place = np.arange(count)
        days = history.first_day + place * history.days_per_period
        columns: list[Any] = [np.ones(count), place / max(len(history), 1)]
        if 1 < history.season <= 24:
            columns += [(place % history.season == k).astype(np.float64) for k in range(1, history.season)]
        for k in range(1, self.ORDER + 1):
            angle = 2 * np.pi * k * days / YEAR_DAYS
            columns += [np.sin(angle), np.cos(angle)]
        columns += history.moved_by(count).values()
        return np.column_stack(columns)


def _ridge(columns: Values, target: Values, weights: Values, ridge: float) -> Values:
    """Weighted least squares; all columns but the first (a constant) are held down."""
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 1e-9
    weighted = columns * weights[:, None]
    solved = np.linalg.solve(weighted.T @ columns + np.diag(penalty), weighted.T @ target)
    return np.asarray(solved, dtype=np.float64)


def _smearing(logs: Values, fitted: Values, drift: float, recent: Values) -> float:
    """Duan's smearing (1983): what the mean of amounts is above the exponential of the mean of logs."""
    level = np.maximum(np.expm1(fitted + drift), 1e-9)
    ratio = float((np.expm1(logs) * recent).sum() / (level * recent).sum())
    return float(np.clip(ratio, 0.5, 2.0))


class BoostedQuantiles(Refitting):
    """Gradient boosting of the median on lags, means and the calendar (scikit-learn's histogram trees).

    One model for all horizons: each row is a period and how far ahead it was seen. For series with two years
    of days and effects that nothing else shows; it takes a second a series.
    """

    name = "boosted_quantiles"
    DEEPEST_LAG = 4
    QUANTILE = 0.5

    def suits(self, history: History) -> bool:
        from sklearn import ensemble as _  # noqa: F401 - no limit of time is meant for the import

        return len(history) >= 12 * max(history.season, 7) and float(np.ptp(history.values)) > 0

    def forecast(self, history: History, horizon: int) -> Values:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        season = max(history.season, 2)
        scale = float(np.mean(np.abs(history.values))) or 1.0
        values = history.values / scale
        moved_by = list(history.moved_by(len(values) + horizon).values())
        origins = np.arange(4 * season, len(values) - 1, max(1, horizon // 4))
        rows, targets = [], []
        for origin in (int(each) for each in origins):
            ahead = np.arange(1, min(horizon, len(values) - origin) + 1, dtype=np.int64)
            rows.append(_rows(values[:origin], ahead, season, history, moved_by))
            targets.append(values[origin + ahead - 1])
        model = HistGradientBoostingRegressor(
            loss="quantile", quantile=self.QUANTILE, max_iter=120, learning_rate=0.08, max_leaf_nodes=15,
            min_samples_leaf=20, random_state=0,
        )  # fmt: skip
        ahead = np.arange(1, horizon + 1, dtype=np.int64)
        with threadpool_limits(1):
            model.fit(np.vstack(rows), np.concatenate(targets))
            made = model.predict(_rows(values, ahead, season, history, moved_by))
        return as_values(np.maximum(made, 0.0) * scale, horizon)


def _rows(seen: Values, ahead: Places, season: int, history: History, moved_by: Sequence[Values]) -> Values:
    """Features of the periods `ahead` of what was seen: same places of past seasons, means, the calendar."""
    at = len(seen) + ahead.astype(np.int64) - 1
    back = (-(-ahead // season) * season).astype(np.int64)
    lags = [seen[np.maximum(at - back - k * season, 0)] for k in range(BoostedQuantiles.DEEPEST_LAG)]
    means = [np.full(len(at), seen[-width * season :].mean()) for width in (1, 4, 12)]
    angle = 2 * np.pi * (history.first_day + at * history.days_per_period) / YEAR_DAYS
    calendar = [at % season, np.sin(angle), np.cos(angle), ahead]
    moved = [column[at] for column in moved_by]
    return np.column_stack([*lags, np.mean(lags, axis=0), *means, *calendar, *moved]).astype(np.float64)

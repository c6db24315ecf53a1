"""One series forecast by every method from every origin, and what each scored."""

import logging
import os
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast_sets import Task

METHODS = ("humidor", "seasonal_naive", "auto_ets", "prophet")
CHANCES = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
MIDDLE = CHANCES.index(0.5)


@dataclass(frozen=True)
class Scored:
    """What one method scored on one forecast; pinball is scaled as MASE is."""

    series: str
    method: str
    mase: float
    absolute_error: float
    demand: float
    pinball: float
    inside_80: float
    inside_95: float


def run_task(task: Task) -> list[Scored]:
    """Forecast a series from each of its origins by every method there is."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found = []
    for end in task.ends:
        history, actual = task.values[:end], task.values[end : end + task.horizon]
        known = np.isfinite(actual)
        scale = _scale(_filled(history), task)
        for method, forecast in (
            ("humidor", _humidor),
            ("seasonal_naive", _naive),
            ("auto_ets", _ets),
            ("prophet", _prophet),
        ):
            if method == "prophet" and find_spec("prophet") is None:
                continue
            found.append(_score(task, method, actual[known], forecast(task, history)[known], scale))
    return found


def _scale(history: NDArray[np.float64], task: Task) -> float:
    """M4 scales weeks by the naive error; the others by the seasonal naive one."""
    lag = 1 if task.season > 24 else task.season
    return float(np.abs(history[lag:] - history[:-lag]).mean()) or 1.0


def _score(
    task: Task, method: str, actual: NDArray[np.float64], quantiles: NDArray[np.float64], scale: float
) -> Scored:
    point = quantiles[:, MIDDLE]
    error = actual[:, None] - quantiles
    chances = np.array(CHANCES)
    return Scored(
        task.series,
        method,
        mase=float(np.abs(actual - point).mean() / scale),
        absolute_error=float(np.abs(actual - point).sum()),
        demand=float(np.abs(actual).sum()),
        pinball=float(np.maximum(chances * error, (chances - 1) * error).mean() / scale),
        inside_80=float(((actual >= quantiles[:, 1]) & (actual <= quantiles[:, 5])).mean()),
        inside_95=float(((actual >= quantiles[:, 0]) & (actual <= quantiles[:, 6])).mean()),
    )


def _humidor(task: Task, history: NDArray[np.float64]) -> NDArray[np.float64]:
    from humidor_forecasting.choosing.pipeline import forecast_series
    from humidor_forecasting.choosing.work import SeriesInput

    output = forecast_series(
        SeriesInput(
            store_id=task.set_name, gtin=task.series, first_ordinal=task.first.toordinal(),
            values=[None if np.isnan(each) else float(each) for each in history], horizon=task.horizon,
            probabilities=CHANCES, season=task.season, days_per_period=task.days_per_period,
            seconds_per_model=60.0,
        )
    )  # fmt: skip
    return np.array(output.days)[:, 1:]


def _filled(history: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill gaps by the value before, for methods that take none."""
    places = np.where(np.isfinite(history), np.arange(len(history)), 0)
    found: NDArray[np.float64] = history[np.maximum.accumulate(places)]
    return found


def _naive(task: Task, history: NDArray[np.float64]) -> NDArray[np.float64]:
    from statsforecast.models import Naive, SeasonalNaive

    model = Naive() if task.season > 24 else SeasonalNaive(season_length=task.season)
    return _quantiles(model.forecast(y=_filled(history), h=task.horizon, level=[50, 80, 95]))


def _ets(task: Task, history: NDArray[np.float64]) -> NDArray[np.float64]:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=1 if task.season > 24 else task.season)
    return _quantiles(model.forecast(y=_filled(history), h=task.horizon, level=[50, 80, 95]))


def _quantiles(made: Any) -> NDArray[np.float64]:
    names = ("lo-95", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-95")
    return np.asarray(np.maximum(np.column_stack([made[name] for name in names]), 0.0), dtype=np.float64)


def _prophet(task: Task, history: NDArray[np.float64]) -> NDArray[np.float64]:
    import pandas as pd
    from prophet import Prophet

    count = len(history)
    start = pd.Timestamp(task.first)
    frequency = {1.0: "D", 7.0: "7D"}.get(task.days_per_period, "MS")
    days = pd.date_range(start, periods=count + task.horizon, freq=frequency)
    model = Prophet(interval_width=0.95, uncertainty_samples=400)
    known = np.isfinite(history)
    model.fit(pd.DataFrame({"ds": days[:count][known], "y": history[known]}))
    drawn = model.predictive_samples(pd.DataFrame({"ds": days[count:]}))["yhat"]
    found = np.quantile(drawn, CHANCES, axis=1).T
    found[:, MIDDLE] = model.predict(pd.DataFrame({"ds": days[count:]}))["yhat"]
    return np.maximum(np.sort(found, axis=1), 0.0)

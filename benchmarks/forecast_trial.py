"""One series forecast by every method from every origin, and what each scored."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast_sets import Task

METHODS = ("humidor", "seasonal_naive", "auto_ets", "prophet")
CHANCES = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
ASKED = [0.025, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.975]
MIDDLE = CHANCES.index(0.5)
Table: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """Quantiles at `CHANCES` of each period, and the ends of intervals of 80 and of 95 %: (periods, 2)."""

    quantiles: Table
    low: Table
    high: Table

    def at(self, which: NDArray[np.bool_]) -> "Made":
        return Made(self.quantiles[which], self.low[which], self.high[which])


@dataclass(frozen=True)
class Scored:
    """What one method scored on one forecast; pinball is scaled as MASE is.

    A model of ours alone, with the quantiles that ours get, is named `its_name alone`.
    """

    series: str
    end: int
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
        if not known.any():
            continue
        scale = _scale(_filled(history), task)
        for method, made in _forecast(task, history):
            found.append(_score((task.series, end, method), actual[known], made.at(known), scale))
    return found


def _forecast(task: Task, history: Table) -> Iterator[tuple[str, Made]]:
    """Forecast by what is chosen, by each model that it was chosen from alone, and by the other methods."""
    made, tried = _humidor(task, history)
    yield "humidor", made
    for name in tried if len(tried) > 1 else ():
        yield f"{name} alone", _humidor(task, history, [name])[0]
    yield "seasonal_naive", _naive(task, history)
    yield "auto_ets", _ets(task, history)
    if task.prophet and find_spec("prophet") is not None:
        yield "prophet", _prophet(task, history)


def _scale(history: Table, task: Task) -> float:
    """M4 scales weeks by the naive error; the others by the seasonal naive one."""
    lag = 1 if task.season > 24 else task.season
    return float(np.abs(history[lag:] - history[:-lag]).mean()) or 1.0


def _score(name: tuple[str, int, str], actual: Table, made: Made, scale: float) -> Scored:
    point = made.quantiles[:, MIDDLE]
    error = actual[:, None] - made.quantiles
    chances = np.array(CHANCES)
    inside = ((actual[:, None] >= made.low) & (actual[:, None] <= made.high)).mean(axis=0)
    return Scored(
        *name,
        mase=float(np.abs(actual - point).mean() / scale),
        absolute_error=float(np.abs(actual - point).sum()),
        demand=float(np.abs(actual).sum()),
        pinball=float(np.maximum(chances * error, (chances - 1) * error).mean() / scale),
        inside_80=float(inside[0]),
        inside_95=float(inside[1]),
    )


def _humidor(task: Task, history: Table, ladder: Sequence[str] = ()) -> tuple[Made, Sequence[str]]:
    from humidor_forecasting.choosing.intervals import LEVELS
    from humidor_forecasting.choosing.pipeline import forecast_series
    from humidor_forecasting.choosing.uncertainty import interval
    from humidor_forecasting.choosing.work import SeriesInput

    output = forecast_series(
        SeriesInput(
            store_id=task.set_name, gtin=task.series, first_ordinal=task.first.toordinal(),
            values=[None if np.isnan(each) else float(each) for each in history], horizon=task.horizon,
            probabilities=ASKED, season=task.season, days_per_period=task.days_per_period,
            ladder=list(ladder), seconds_per_model=60.0,
        )
    )  # fmt: skip
    quantiles = np.array(output.days)[:, 1:]
    ends = [interval(quantiles, ASKED, level) for level in LEVELS]
    low, high = (np.column_stack([each[place] for each in ends]) for place in (0, 1))
    return Made(quantiles[:, [ASKED.index(each) for each in CHANCES]], low, high), output.tried


def _central(quantiles: Table) -> Made:
    """Take the intervals between quantiles, as the libraries give them."""
    return Made(quantiles, quantiles[:, [1, 0]], quantiles[:, [5, 6]])


def _filled(history: Table) -> Table:
    """Fill gaps by the value before, for methods that take none."""
    places = np.where(np.isfinite(history), np.arange(len(history)), 0)
    found: Table = history[np.maximum.accumulate(places)]
    return found


def _naive(task: Task, history: Table) -> Made:
    from statsforecast.models import Naive, SeasonalNaive

    model = Naive() if task.season > 24 else SeasonalNaive(season_length=task.season)
    return _quantiles(model.forecast(y=_filled(history), h=task.horizon, level=[50, 80, 95]))


def _ets(task: Task, history: Table) -> Made:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=1 if task.season > 24 else task.season)
    return _quantiles(model.forecast(y=_filled(history), h=task.horizon, level=[50, 80, 95]))


def _quantiles(made: Any) -> Made:
    names = ("lo-95", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-95")
    return _central(np.maximum(np.column_stack([made[name] for name in names]), 0.0))


def _prophet(task: Task, history: Table) -> Made:
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
    return _central(np.maximum(np.sort(found, axis=1), 0.0))

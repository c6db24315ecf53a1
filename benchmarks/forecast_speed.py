"""How long forecasts take: our whole work on a series, statsforecast's own on the same one, and serving it.

    make bench-forecast-speed       BENCH_SHORT=1 for a few series

What is compared is processor time, so that neighbours on the machine do not count.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import psutil

from benchmarks.forecast_series import DAYS, HORIZON, KINDS, make_series
from benchmarks.forecast_serving import measure_serving
from benchmarks.report import Result
from benchmarks.system import System
from humidor_common.engine.work import Engine, engine
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.runs.asking import TARGET, ask_series

PROCESSES = 2
SERIES, SHORT_SERIES = 400, 8
COMPARED, SHORT_COMPARED = 60, 4
WHOLE = 10_000
MOST_MINUTES = 10.0
MOST_RATIO = 1.5


def bench_forecast_speed(system: System) -> list[Result]:
    """Measure runs, the comparison and serving."""
    short = system.effort.short
    count = int(os.environ.get("BENCH_SERIES", "0")) or (SHORT_SERIES if short else SERIES)
    series = [make_series(number) for number in range(count)]
    results = asyncio.run(_runs(series))
    results += _compared(SHORT_COMPARED if short else COMPARED)
    return results + measure_serving(system)


async def _runs(series: Sequence[SeriesInput]) -> list[Result]:
    """Forecast all series by two processes, as a run does; they have started before the clock does."""
    async with engine(TARGET, processes=PROCESSES, dask_address=None) as working:
        await _forecast(working, series[:4])
        begun, cpu = time.perf_counter(), _children_cpu()
        await _forecast(working, series)
        seconds, cpu = time.perf_counter() - begun, _children_cpu() - cpu
        memory = sum(child.memory_full_info().pss for child in psutil.Process().children()) / 2**20
    note = f"{len(series)} series of {DAYS} days, {PROCESSES} processes, the default ladder"
    minutes, of_whole = seconds / 60, note
    if len(series) < WHOLE:
        minutes = cpu / len(series) * WHOLE / PROCESSES / 60
        of_whole = f"{note}; by their processor time, halved: the whole of {WHOLE:,} was not run"
    return [
        Result(name="forecast.series_per_minute", unit="1/min", value=len(series) / seconds * 60, note=note),
        Result(name="forecast.cpu_per_series", unit="ms", value=cpu / len(series) * 1000, better="lower",
               note=note),
        Result(name="forecast.minutes_for_10000", unit="min", value=minutes,
               better="lower", target=MOST_MINUTES, note=of_whole),
        Result(name="forecast.memory", unit="MB", value=memory, better="lower",
               note=f"{PROCESSES} processes together, what they share counted once"),
    ]  # fmt: skip


async def _forecast(working: Engine, series: Sequence[SeriesInput]) -> None:
    left = list(series)

    async def work() -> None:
        while left:
            answer = await ask_series(working, left.pop(), seconds=60)
            if answer.output is None or answer.output.late:
                raise RuntimeError(f"a series was not forecast: {answer.failure}")

    await asyncio.gather(*(work() for _ in range(working.width)))


def _children_cpu() -> float:
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())


def _compared(count: int) -> list[Result]:
    """Compare with statsforecast in a process of its own, one thread each, everything warm."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.forecast_speed", str(count)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NIXTLA_ID_AS_COL": "1"},
    )
    found = json.loads(done.stdout)
    note = f"{count} series; the same models, origins and horizon, processor time; limit: statsforecast's "
    return [
        Result(name="forecast.against_statsforecast", unit="ms", value=found["ours"], limit=found["theirs"],
               better="lower", target=MOST_RATIO, note=f"{note}cross_validation and forecast"),
        Result(name="forecast.against_its_models", unit="ms", value=found["ours"], limit=found["models"],
               better="lower", note=f"{note}models alone, called as we call them"),
    ]  # fmt: skip


STATISTICAL = {
    "smooth": ["auto_ets", "auto_theta"],
    "erratic": ["auto_ets", "auto_theta"],
    "intermittent": ["auto_ets", "croston", "sba", "tsb"],
    "lumpy": ["auto_ets", "sba", "tsb"],
}


def compare(count: int) -> dict[str, float]:
    """Give milliseconds of processor time a series: ours, statsforecast's own, and its models' alone."""
    given = [
        msgspec.structs.replace(make_series(n), ladder=STATISTICAL[KINDS[n % 4]], known={})
        for n in range(count + 4)
    ]
    totals = {"ours": 0.0, "theirs": 0.0, "models": 0.0}
    ways: dict[str, Callable[[SeriesInput], object]] = {
        "ours": _ours,
        "theirs": _theirs,
        "models": _models,
    }
    for place, series in enumerate(given):
        for name, way in ways.items():
            begun = time.process_time()
            way(series)
            totals[name] += (time.process_time() - begun) if place >= 4 else 0.0
    return {name: total / count * 1000 for name, total in totals.items()}


def _ours(series: SeriesInput) -> object:
    from humidor_forecasting.choosing.pipeline import forecast_series

    output = forecast_series(series)
    if output.fell_back:
        raise RuntimeError(f"there was no choice: {output.notes}")
    return output


def _theirs(series: SeriesInput) -> object:
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast import models as library

    makers: dict[str, Callable[[], Any]] = {
        "auto_ets": lambda: library.AutoETS(season_length=7, model="ZNZ"),
        "auto_theta": lambda: library.AutoTheta(season_length=7, model="DOTM"),
        "croston": library.CrostonOptimized,
        "sba": library.CrostonSBA,
        "tsb": lambda: library.TSB(alpha_d=0.1, alpha_p=0.1),
    }
    columns = {"unique_id": series.gtin, "ds": np.arange(DAYS), "y": np.array(series.values, dtype=float)}
    frame = pd.DataFrame(columns)
    # Croston's models cannot go on without a fit, so statsforecast fits them anew at every origin.
    found = []
    for forward in (True, False):
        named = [makers[each]() for each in series.ladder if each.startswith("auto_") is forward]
        if named:
            own = StatsForecast(models=named, freq=1, n_jobs=1)
            found.append(
                own.cross_validation(
                    df=frame, h=HORIZON, step_size=HORIZON // 2, n_windows=10, refit=not forward
                )
            )
            found.append(own.forecast(df=frame, h=HORIZON))
    return found


def _models(series: SeriesInput) -> object:
    from humidor_forecasting.choosing.backtest import plan_backtest
    from humidor_forecasting.models.interface import History
    from humidor_forecasting.models.registry import models

    values = np.array(series.values)
    history, plan = History(values, 7, series.first_ordinal), plan_backtest(len(values), HORIZON, 7)
    ends = [*(plan.ends if plan else ()), len(values)]
    return [models()[name].roll(history, ends, HORIZON) for name in series.ladder]


if __name__ == "__main__":
    print(json.dumps(compare(int(sys.argv[1]))))

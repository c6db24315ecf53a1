"""Forecasts a series for an engine; imported by the processes that work, and by nothing else."""

import time

import msgspec

from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.runs.asking import Answer


def answer(line: bytes) -> bytes:
    """Forecast one series; a mistake of ours is told too, and costs this series alone."""
    begun = time.perf_counter()
    output, failure = None, None
    try:
        output = forecast_series(msgspec.json.decode(line, type=SeriesInput))
    except Exception as error:  # noqa: BLE001 - the process has to live on for the other series
        failure = f"{type(error).__name__}: {error}"[:500]
    return msgspec.json.encode(Answer(output=output, failure=failure, seconds=time.perf_counter() - begun))

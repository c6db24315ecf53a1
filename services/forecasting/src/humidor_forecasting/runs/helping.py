"""The process that forecasts: reads a series a line, writes an answer a line, ends with its input."""

import sys
import time
import warnings

import msgspec

from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.runs.helpers import Answer


def answer(line: bytes) -> Answer:
    """Forecast one series; a mistake of ours is told too, and costs this series alone."""
    begun = time.perf_counter()
    try:
        output = forecast_series(msgspec.json.decode(line, type=SeriesInput))
    except Exception as error:  # noqa: BLE001 - the process has to live on for the other series
        failure = f"{type(error).__name__}: {error}"[:500]
        return Answer(output=None, failure=failure, seconds=time.perf_counter() - begun)
    return Answer(output=output, failure=None, seconds=time.perf_counter() - begun)


def main() -> None:
    """Answer until the input ends. Whatever libraries print goes to the errors, not between the answers."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    warnings.simplefilter("ignore")
    answers.write(b"ready\n")
    answers.flush()
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(answer(line)) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()

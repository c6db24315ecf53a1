"""Draws the pictures of the README: a forecast of real sales, beside what was then sold.

    make forecast-picture        writes docs/forecasting/forecast.svg and forecast.zh.svg

The sales are the daily units of the hundred items sold on most days of UCI's Online Retail (CC BY 4.0). The
choice sees nothing from the day on that the forecast begins with; beside it stands what then came.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.forecast_sets import online_retail
from humidor_forecasting.choosing.intervals import LEVELS
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.uncertainty import interval
from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput
from humidor_forecasting.plots.drawing import draw
from humidor_forecasting.plots.words import say
from humidor_forecasting.plots.work import Band, Chart, DrawInput, Language, Line, Panel
from humidor_forecasting.runs.rules import PROBABILITIES

HORIZON, SHOWN = 28, 120
TARGET = Path(__file__).parents[1] / "docs/forecasting"
TITLES: Mapping[Language, str] = {
    "en": "Units a day of a web shop's hundred best sellers: forecast of {day}, and what came",
    "zh": "某网店百种畅销商品日销量：{day} 的预测与实际",
}


def series() -> tuple[Any, Sequence[float]]:
    """Give the first day and the units of each day."""
    tasks = list(online_retail())
    first = max(task.first for task in tasks)
    last = min(task.first + timedelta(days=len(task.values)) for task in tasks)
    days = (last - first).days
    sums = np.sum([task.values[(first - task.first).days :][:days] for task in tasks], axis=0)
    return first, [float(each) for each in sums]


def chart(output: SeriesOutput, first: Any, values: Sequence[float], language: Language) -> Chart:
    """Lay the forecast over the end of the history."""
    days = [(first + timedelta(days=i)).isoformat() for i in range(len(values))]
    begin = len(values) - HORIZON
    columns = np.array(output.days)[:, 1:]
    ahead = days[begin:]
    bands = [
        Band(
            probability=level, label=say(language, "band", share=100 * level), days=ahead,
            low=low.tolist(), high=high.tolist(),
        )
        for level in reversed(LEVELS)
        for low, high in [interval(columns, PROBABILITIES, level)]
    ]  # fmt: skip
    lines = [
        Line(kind="history", label=say(language, "history"), days=days[-SHOWN:-HORIZON],
             values=list(values[-SHOWN:-HORIZON])),
        Line(kind="median", label=say(language, "median"), days=ahead,
             values=columns[:, PROBABILITIES.index(0.5)].tolist()),
        Line(kind="actual", label=say(language, "actual"), days=ahead, values=list(values[begin:])),
    ]  # fmt: skip
    title = TITLES[language].format(day=days[begin])
    return Chart(
        language=language, title=title, plain_title=title, x_label=say(language, "day"),
        panels=[Panel(y_label="", lines=lines, bands=bands)],
    )  # fmt: skip


def main() -> int:
    first, values = series()
    output = forecast_series(
        SeriesInput(
            store_id="all", gtin="all", first_ordinal=first.toordinal(), values=list(values[:-HORIZON]),
            horizon=HORIZON, probabilities=list(PROBABILITIES), seconds_per_model=600.0,
        )
    )  # fmt: skip
    print(output.reasons)
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        drawn = draw(
            DrawInput(charts=[chart(output, first, values, language)], kind="svg", width=820, height=340)
        )
        name = "forecast.svg" if language == "en" else "forecast.zh.svg"
        (TARGET / name).write_bytes(drawn.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Sets that forecasts were not made for: the rest of the public ones, and processes that are known.

    python -m benchmarks.forecast others

They tell whether what holds for the public sets holds elsewhere too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from benchmarks.forecast_sets import Task, bakery_days, retail_days

Draw: TypeAlias = Callable[[np.random.Generator], Any]
DAYS, WEEKS = 500, 220
SERIES = 30
WEEK = np.resize([0.8, 0.9, 0.9, 1.0, 1.3, 1.5, 0.6], DAYS)


def bakery_rest() -> Iterator[Task]:
    """The bakery's articles that are sold on fewer than nine days of ten, 14 days ahead."""
    for name, first, values in bakery_days():
        if len(values) >= 240 and 0.03 <= (values > 0).mean() < 0.9:
            ends = tuple(range(len(values) - 14 * 4, len(values) - 13, 14))
            yield Task("bakery_rest", name, values, first, ends, 14, 7, 1.0, prophet=False)


def retail_rest() -> Iterator[Task]:
    """Every tenth of the web shop's next 900 items, 28 days ahead."""
    for code, first, values in retail_days(slice(100, 1000, 10)):
        if len(values) >= 180:
            ends = (len(values) - 56, len(values) - 28)
            yield Task("retail_rest", code, values, first, ends, 28, 7, 1.0, prophet=False)


def retail_weeks() -> Iterator[Task]:
    """Every third of the web shop's 300 first items by week, 4 weeks ahead: short histories."""
    for code, first, values in retail_days(slice(0, 300, 3)):
        weeks = len(values) // 7
        if weeks >= 30:
            sums = values[len(values) - 7 * weeks :].reshape(weeks, 7).sum(axis=1)
            yield Task("retail_weeks", code, sums, first, (weeks - 8, weeks - 4), 4, 52, 7.0, prophet=False)


DAILY: Mapping[str, Draw] = {
    "poisson_0.2": lambda r: r.poisson(0.2, DAYS),
    "poisson_1": lambda r: r.poisson(1.0 * WEEK),
    "poisson_20": lambda r: r.poisson(20 * WEEK),
    "negative_binomial_1.5": lambda r: r.negative_binomial(0.3, 0.3 / 1.8, DAYS),
    "negative_binomial_12": lambda r: r.negative_binomial(1.5, 1.5 / 13.5, DAYS),
    "lumpy_gamma": lambda r: (r.random(DAYS) < 0.3) * r.gamma(0.8, 30, DAYS),
    "normal_50": lambda r: r.normal(50 * WEEK, 6),
    "moving_level": lambda r: r.poisson(40 * np.exp(np.cumsum(r.normal(0, 0.02, DAYS)))),
    "trend_heavy_tails": lambda r: 100 + 0.3 * np.arange(DAYS) + 8 * r.standard_t(3, DAYS),
    "autoregressive": lambda r: 60 + np.convolve(r.normal(0, 5, DAYS + 59), 0.8 ** np.arange(60), "valid"),
}
WEEKLY: Mapping[str, Draw] = {
    "random_walk": lambda r: 1000 + np.cumsum(r.normal(0, 20, WEEKS)),
    "random_walk_heavy_tails": lambda r: 3000 + np.cumsum(20 * r.standard_t(3, WEEKS)),
    "random_walk_drift": lambda r: 500 + np.cumsum(r.normal(3, 15, WEEKS)),
    "white_noise": lambda r: r.normal(1000, 100, WEEKS),
    "geometric_walk": lambda r: 1000 * np.exp(np.cumsum(r.normal(0, 0.03, WEEKS))),
}


def _drawn(name: str) -> Iterator[Task]:
    """Thirty series of a known process, forecast twice: 28 days or 13 weeks ahead."""
    daily = name in DAILY
    draw = DAILY[name] if daily else WEEKLY[name]
    week = Task(name, "", np.zeros(0), date(2020, 1, 6), (WEEKS - 26, WEEKS - 13), 13, 52, 7.0, prophet=False)
    day = Task(name, "", np.zeros(0), date(2024, 1, 1), (DAYS - 56, DAYS - 28), 28, 7, 1.0, prophet=False)
    for seed in range(SERIES):
        values = np.maximum(draw(np.random.default_rng(1000 + seed)), 0.0).astype(np.float64)
        yield replace(day if daily else week, series=str(seed), values=values)


OTHERS: dict[str, Callable[[], Iterator[Task]]] = {
    "bakery_rest": bakery_rest,
    "retail_rest": retail_rest,
    "retail_weeks": retail_weeks,
    **{name: partial(_drawn, name) for name in (*DAILY, *WEEKLY)},
}

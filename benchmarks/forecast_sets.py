"""The public sets as series with origins: days of a bakery and a web shop, M4 Weekly, Prophet's own."""

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """One series and the ends of history after which it is forecast `horizon` periods ahead.

    Without `prophet` it is left out of the methods: it takes a second each time.
    """

    set_name: str
    series: str
    values: NDArray[np.float64]
    first: date
    ends: tuple[int, ...]
    horizon: int
    season: int
    days_per_period: float
    prophet: bool = True


def folder() -> Path:
    named = os.environ.get("HUMIDOR_PUBLISHED_DATA") or os.environ.get("DATA") or "../shared/data"
    return Path(named)


def read_tasks(read: Callable[[], Iterator[Task]], *, short: bool) -> list[Task]:
    """Read a set; some of its series where it is to be short; none where the set is not there."""
    try:
        tasks = list(read())
    except FileNotFoundError:
        return []
    if not short:
        return tasks
    step = max(1, len(tasks) // 2)
    return [replace(task, ends=task.ends[-1:]) for task in tasks[::step][:2]]


def bakery() -> Iterator[Task]:
    """The 22 articles sold on most days, 14 days ahead, folds over the last year."""
    for name, first, values in bakery_days():
        if len(values) >= 420 and (values > 0).mean() >= 0.9:
            ends = tuple(range(len(values) - 14 * 8, len(values) - 13, 14))
            yield Task("bakery", name, values, first, ends, 14, 7, 1.0)


def bakery_days() -> Iterator[tuple[str, date, NDArray[np.float64]]]:
    """Each article's first day and units of each day."""
    amounts = bakery_units()
    last = max(max(days) for days in amounts.values())
    for name, days in sorted(amounts.items()):
        yield name, min(days), _dense(days, min(days), last)


def bakery_units() -> dict[str, dict[date, float]]:
    """Units of a French bakery's articles by day, as they stand in the file."""
    units: dict[str, dict[date, float]] = defaultdict(dict)
    with gzip.open(folder() / "bakery_daily/bakery_daily_to_2022-05.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            units[row["unique_id"]][date.fromisoformat(row["ds"])] = float(row["y"])
    return units


def online_retail() -> Iterator[Task]:
    """The hundred items sold on most days, net of what came back, 14 days ahead."""
    for code, first, values in retail_days(slice(100)):
        if len(values) >= 180:
            ends = tuple(range(len(values) - 14 * 4, len(values) - 13, 14))
            yield Task("online_retail", code, values, first, ends, 14, 7, 1.0)


def retail_days(ranks: slice) -> Iterator[tuple[str, date, NDArray[np.float64]]]:
    """First day and units of each day of the items at these ranks by days sold."""
    amounts = retail_units()
    last = max(max(days) for days in amounts.values())
    for code in sorted(amounts, key=lambda code: -len(amounts[code]))[ranks]:
        first = min(amounts[code])
        yield code, first, np.maximum(_dense(amounts[code], first, last), 0.0)


def retail_units() -> dict[str, dict[date, float]]:
    """Units of a web shop's items by day, net of what came back that day."""
    units: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    path = folder() / "online_retail/online_retail_to_2011-08.csv.gz"
    with gzip.open(path, "rt", errors="replace") as file:
        for row in csv.DictReader(file):
            if float(row["UnitPrice"]) > 0:
                units[row["StockCode"]][_day(row["InvoiceDate"])] += float(row["Quantity"])
    return units


def m4_weekly() -> Iterator[Task]:
    """All 359 series of M4 Weekly, 13 weeks ahead, once; MASE scaled by the naive error, as M4 does."""
    with gzip.open(folder() / "m4_weekly/Weekly-train.csv.gz", "rt") as train:
        known = {row[0]: [float(x) for x in row[1:] if x] for row in list(csv.reader(train))[1:]}
    with (folder() / "m4_weekly/Weekly-test.csv").open() as test:
        ahead = {row[0]: [float(x) for x in row[1:] if x] for row in list(csv.reader(test))[1:]}
    for name, history in known.items():
        values = np.array(history + ahead[name])
        yield Task("m4_weekly", name, values, date(2000, 1, 3), (len(history),), 13, 52, 7.0)


def prophet_examples() -> Iterator[Task]:
    """Prophet's own examples: pages viewed by day (logs), airline passengers and retail sales by month."""
    where = folder() / "prophet_series"
    days = _series(where / "example_wp_log_peyton_manning.csv")
    first, last = min(days), max(days)
    values = _dense(days, first, last, gap=np.nan)
    ends = tuple(range(len(values) - 37 * 10, len(values) - 36, 37))
    yield Task("prophet_examples", "peyton_manning", values, first, ends, 37, 7, 1.0)
    for name in ("air_passengers", "retail_sales"):
        months = _series(where / f"example_{name}.csv")
        values = np.array([months[day] for day in sorted(months)])
        ends = tuple(range(len(values) - 12 * 4, len(values) - 11, 12))
        yield Task("prophet_examples", name, values, min(months), ends, 12, 12, 30.4375)


SETS: dict[str, Callable[[], Iterator[Task]]] = {
    "bakery": bakery,
    "online_retail": online_retail,
    "m4_weekly": m4_weekly,
    "prophet_examples": prophet_examples,
}


def _series(path: Path) -> dict[date, float]:
    with path.open() as file:
        return {
            date.fromisoformat(row["ds"][:10]): float(row["y"]) for row in csv.DictReader(file) if row["y"]
        }


def _dense(days: dict[date, float], first: date, last: date, *, gap: float = 0.0) -> NDArray[np.float64]:
    count = (last - first).days + 1
    return np.array([days.get(first + timedelta(days=i), gap) for i in range(count)], dtype=np.float64)


def _day(text: str) -> date:
    """Read 12/1/2010 8:26, or an ISO date."""
    head = text.split(" ", maxsplit=1)[0]
    if "-" in head:
        return date.fromisoformat(head)
    month, day, year = (int(part) for part in head.split("/"))
    return date(year, month, day)

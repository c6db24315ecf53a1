"""Shops of the public sets: units of each product by day, and when learning ends and selling begins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast_sets import bakery_units, retail_units

FAST_PER_DAY = 5.0
LEAST_DAYS_KNOWN, LEAST_DAYS_SOLD = 112, 25
STILL_SOLD_DAYS, STILL_SOLD_WEEKS = 56, 6
WEEK = 7


@dataclass(frozen=True)
class Market:
    """Products of a shop that the test rests on, rows of `demand` (products, days) from `first` on.

    Days before `begin` are known at the first review. `trading` counts the products of the whole shop sold by
    day, as the forecasting service does to see when it was closed.
    """

    name: str
    products: tuple[str, ...]
    demand: NDArray[np.float64]
    first: date
    begin: int
    trading: Mapping[date, int]


def read_markets(*, most: int, named: str = "") -> Iterator[Market]:
    """Give the markets of the sets that are there, fast and slow products apart, `most` of each.

    Only those with `named` in their names, as in "bakery, fast".
    """
    for name, (read, test_days) in SETS.items():
        try:
            units = read()
        except FileNotFoundError:
            continue
        yield from (market for market in split(name, units, test_days, most) if named in market.name)


def split(name: str, units: Mapping[str, Mapping[date, float]], test_days: int, most: int) -> list[Market]:
    """Part a shop's products by what is known before the test, fast from five units a day on.

    Taken are those known for 16 weeks, sold on 25 days and still in six of the last eight weeks; of more
    than `most`, evenly spread ones in the order of their names.
    """
    known = [day for days in units.values() for day, amount in days.items() if amount > 0]
    first, last = min(known), max(known)
    count = (last - first).days + 1
    names = sorted(units)
    table = np.zeros((len(names), count))
    for row, each in enumerate(names):
        for day, amount in units[each].items():
            if first <= day <= last:
                table[row, (day - first).days] = max(0.0, float(round(amount)))
    begin = count - test_days
    sold = table[:, :begin] > 0
    since = np.array([begin - int(row.argmax()) for row in sold])
    kept = (sold.sum(axis=1) >= LEAST_DAYS_SOLD) & (since >= LEAST_DAYS_KNOWN)
    weeks = sold[:, -STILL_SOLD_DAYS:].reshape(len(names), -1, WEEK).any(axis=2)
    kept &= weeks.sum(axis=1) >= STILL_SOLD_WEEKS
    fast = table[:, :begin].sum(axis=1) / since >= FAST_PER_DAY
    trading = {first + timedelta(days=i): int(each) for i, each in enumerate((table > 0).sum(axis=0)) if each}
    made = []
    for kind, chosen in (("fast", kept & fast), ("slow", kept & ~fast)):
        rows = np.flatnonzero(chosen)
        rows = rows[:: max(1, -(-len(rows) // most))]
        products = tuple(names[row] for row in rows)
        made.append(Market(f"{name}, {kind}", products, table[rows], first, begin, trading))
    return made


SETS: dict[str, tuple[Callable[[], dict[str, dict[date, float]]], int]] = {
    "bakery": (bakery_units, 26 * WEEK),
    "web shop": (retail_units, 14 * WEEK),
}
"""Each set with the days of its test: what comes before is at least 20 weeks."""

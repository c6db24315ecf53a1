"""Shops that follow levels day by day: what they hold, sell and lose; the cost of ways at equal fill rate.

Plain arithmetic on arrays; nothing here knows where demand or levels come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Table: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """Products sold side by side, reviewed every `review_days` from the first day on.

    `demand` has the shape (products, days), in whole units. What is ordered in the morning of review k can be
    sold `lead_times[k]` days later. `start` is on the shelf of each product before the first review. The
    first `warm_up` reviews are lived through but not counted.
    """

    demand: Table
    start: Table
    review_days: int
    lead_times: Sequence[int]
    warm_up: int = 0


@dataclass(frozen=True)
class Ledger:
    """What became of the days of each counted review period: (periods, products, settings).

    `held` is in unit-days, at each day's end.
    """

    held: Table
    sold: Table
    lost: Table
    ordered: Table
    left: Table
    """Of products and settings: ordered over all days, and on the shelf or on its way at the end."""


@dataclass(frozen=True)
class Curve:
    """What a way costs at what fill rate, one entry a setting, fill rates rising."""

    fill: Table
    cost: Table
    held: Table


def follow(shop: Shop, levels: Table) -> Ledger:
    """Order up to `levels` (reviews, products, settings) at every review; demand that is not met is lost.

    Of each day: goods arrive, the order is placed, customers come, what is left is counted.
    """
    days = shop.demand.shape[1]
    stock = np.repeat(shop.start[:, None], levels.shape[2], axis=1).astype(np.float64)
    longest = max(shop.lead_times)
    coming = np.zeros((days + longest + 1, *stock.shape))
    periods = -(-days // shop.review_days) - shop.warm_up
    held, sold, lost = (np.zeros((periods, *stock.shape)) for _ in range(3))
    ordered = np.zeros_like(stock)
    for day in range(days):
        stock += coming[day]
        coming[day] = 0.0
        review, since = divmod(day, shop.review_days)
        if since == 0:
            quantity = np.maximum(levels[review] - stock - coming.sum(axis=0), 0.0)
            ordered += quantity
            lead_time = shop.lead_times[review]
            if lead_time:
                coming[day + lead_time] += quantity
            else:
                stock += quantity
        asked = shop.demand[:, day, None]
        served = np.minimum(stock, asked)
        stock -= served
        period = review - shop.warm_up
        if period >= 0:
            held[period] += stock
            sold[period] += served
            lost[period] += asked - served
    return Ledger(held, sold, lost, ordered, stock + coming.sum(axis=0))


def add_up(ledgers: Sequence[Ledger]) -> Ledger:
    """Add up what became of the same products in as many shops."""
    parts = ([getattr(ledger, part.name) for ledger in ledgers] for part in fields(Ledger))
    return Ledger(*(np.sum(part, axis=0) for part in parts))


def cost_of(ledger: Ledger, worth: Table, stockout_cost: float) -> Table:
    """Cost of each setting per unit asked for; holding costs 1 a unit and day, a lost unit `stockout_cost`.

    Periods and products are added up with what a unit then and of them is `worth`.
    """
    held, sold, lost = _sums(ledger, worth)
    return np.asarray((held + stockout_cost * lost) / (sold + lost))


def curve_of(ledger: Ledger, worth: Table, stockout_cost: float) -> Curve:
    """Cost, stock and fill rate of each setting, put in the order of fill rates; see `cost_of`."""
    held, sold, lost = _sums(ledger, worth)
    fill = sold / (sold + lost)
    order = np.argsort(fill, kind="stable")
    return Curve(fill[order], cost_of(ledger, worth, stockout_cost)[order], (held / (sold + lost))[order])


def _sums(ledger: Ledger, worth: Table) -> tuple[Table, Table, Table]:
    held, sold, lost = (np.tensordot(worth, each, 2) for each in (ledger.held, ledger.sold, ledger.lost))
    return held, sold, lost


def at_fill(curve: Curve, fill: float, figure: Table) -> float | None:
    """A figure of the curve where the fill rate is this, on the straight line between settings around it.

    None where no setting serves as little, or as much.
    """
    if not curve.fill[0] <= fill <= curve.fill[-1]:
        return None
    return float(np.interp(fill, curve.fill, figure))

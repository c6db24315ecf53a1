"""What levels from forecasts are worth: shops that live through real demand by three ways of setting levels.

    make bench-forecast-value       BENCH_SHORT=1 for a few products of each shop
    make bench-forecast-value MARKET="bakery, fast"

Ours are the service's published quantiles through inventory's policy (R, S); the others a moving average of 4
or 8 weeks and the mean of all history, each with z deviations of safety stock. Every way is asked once a
week, sees what was sold until then, and is followed by the same shop: weekly review, the same lead times, the
same stock to begin with, demand that is not met lost. Each one's service is varied from little to much, and
costs are compared where they serve the same share of demand. How far chance moves what comes out is told by
drawing products and weeks again.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import sqrt
from multiprocessing import get_context
from statistics import geometric_mean

import numpy as np

from benchmarks.forecast_sets import folder
from benchmarks.forecast_value_levels import (
    FACTORS,
    SERVICES,
    Interval,
    Table,
    by_deviation,
    by_forecast,
    by_moving_average,
    forecast,
)
from benchmarks.forecast_value_sets import WEEK, Market, read_markets
from benchmarks.forecast_value_shares import FILLS, OURS, Shares, Trial, shares_of
from benchmarks.forecast_value_shop import Curve, Ledger, Shop, add_up, at_fill, cost_of, follow
from benchmarks.report import Result
from benchmarks.system import System
from humidor_inventory.policies.rules.functions import normal_score
from humidor_inventory.policies.told import Told

PROCESSES = 2
PRODUCTS, SHORT_PRODUCTS = 60, 1
WARM_UP = 3
"""Reviews."""
LEAD_TIME_DRAWS = 20
COST_RATIOS = (10.0, 20.0, 50.0)
"""Costs of a lost unit at which every way is also asked for the service that is best by its own reckoning."""


@dataclass(frozen=True)
class Supply:
    """Lead times in days, each as likely as the others."""

    name: str
    lead_times: tuple[int, ...]

    @property
    def interval(self) -> Interval:
        mean = sum(self.lead_times) / len(self.lead_times)
        variance = sum((each - mean) ** 2 for each in self.lead_times) / len(self.lead_times)
        return Interval(mean, sqrt(variance), WEEK)

    def drawn(self, reviews: int) -> list[list[int]]:
        """Lead times of the reviews' orders, the same for every product and way; several where they vary."""
        random = np.random.default_rng(7)
        times = LEAD_TIME_DRAWS if len(self.lead_times) > 1 else 1
        return [random.choice(self.lead_times, reviews).tolist() for _ in range(times)]


SUPPLIES = (Supply("2 days", (2,)), Supply("7 days", (7,)), Supply("2 to 6 days", (2, 3, 4, 5, 6)))


def bench_forecast_value(system: System) -> list[Result]:
    """Measure every shop by every supply, or those that BENCH_MARKET names."""
    short, named = system.effort.short, os.environ.get("BENCH_MARKET", "")
    markets = list(read_markets(most=SHORT_PRODUCTS if short else PRODUCTS, named=named))
    if not markets:
        print(f"no sets in {folder()}", end=" ")
        return []
    results: list[Result] = []
    whole = Shares()
    with ProcessPoolExecutor(1 if short else PROCESSES, mp_context=get_context("spawn")) as pool:
        for market in markets:
            rows = range(len(market.products))
            told = list(pool.map(forecast_product, [market] * len(rows), rows, chunksize=1))
            trials = {supply: follow_all(market, supply, told) for supply in SUPPLIES}
            for supply, trial in trials.items():
                curves = report(market, supply, trial)
                results += [made for fill in FILLS if (made := _result(market, supply, curves, fill))]
            shares = Shares.of(list(trials.values()))
            results += shares.results(_named(market))
            whole.add(shares)
    return results if named else [*results, *whole.results("all")]


def reviews_of(market: Market) -> range:
    """Days on which orders are placed."""
    return range(market.begin, market.demand.shape[1], WEEK)


def forecast_product(market: Market, row: int) -> list[Told]:
    """Forecast a product anew for each review, the last champion being the next one's incumbent."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: list[Told] = []
    incumbent = None
    for day in reviews_of(market):
        found.append(forecast(market.demand[row, :day], market.first, market.trading, incumbent))
        incumbent = str((found[-1].origin or {})["model"])
    return found


def levels(market: Market, interval: Interval, told: Sequence[Sequence[Told]]) -> dict[str, Table]:
    """Levels by way, of shape (reviews, products, settings)."""
    first_sold = np.argmax(market.demand > 0, axis=1)
    rows = range(len(market.products))
    found: dict[str, list[list[list[int]]]] = {}
    for number, day in enumerate(reviews_of(market)):
        histories = [market.demand[row, first_sold[row] : day] for row in rows]
        ways = {
            OURS: [by_forecast(told[row][number], interval) for row in rows],
            "moving average, 4 weeks": [by_moving_average(each, 4, interval) for each in histories],
            "moving average, 8 weeks": [by_moving_average(each, 8, interval) for each in histories],
            "mean and deviation": [by_deviation(each, interval) for each in histories],
        }
        for name, made in ways.items():
            found.setdefault(name, []).append(made)
    return {name: np.array(made, dtype=np.float64) for name, made in found.items()}


def follow_all(market: Market, supply: Supply, told: Sequence[Sequence[Told]]) -> Trial:
    """Let the shop follow every way."""
    start = np.ceil(market.demand[:, : market.begin].mean(axis=1) * supply.interval.days)
    shops = [
        Shop(market.demand[:, market.begin :], start, WEEK, lead_times, WARM_UP)
        for lead_times in supply.drawn(len(reviews_of(market)))
    ]
    made = levels(market, supply.interval, told)
    ledgers = {name: add_up([follow(shop, each) for shop in shops]) for name, each in made.items()}
    return Trial(1.0 / market.demand.mean(axis=1), ledgers)


def report(market: Market, supply: Supply, trial: Trial) -> dict[str, Curve]:
    """Print and give what each way came to."""
    curves = trial.curves()
    print(f"\n{market.name}, {len(market.products)} products, lead time {supply.name}")
    head = "".join(f"{fill:>16.0%}" for fill in FILLS)
    print(f"  {'way':<26}{head}   at its word, a lost unit at 10, 20, 50")
    for name, curve in curves.items():
        cells = "".join(f"{_said(curve, fill):>16}" for fill in FILLS)
        own = [asked_by_costs(name, trial.ledgers[name], trial.units, each) for each in COST_RATIOS]
        print(f"  {name:<26}{cells}   " + "".join(f"{each:>8.2f}" for each in own))
    by_each = "".join(f", {geometric_mean(each):.3f} of {way}" for way, each in shares_of(curves).items())
    print(f"  forecast on average{by_each}")
    return curves


def asked_by_costs(way: str, ledger: Ledger, worth: Table, stockout_cost: float) -> float:
    """Cost at the cycle service p / (p + h R), without hindsight: a way is taken at its word."""
    score = normal_score(stockout_cost / (stockout_cost + WEEK))
    scores = [normal_score(each) for each in SERVICES] if way == OURS else FACTORS
    return float(np.interp(score, scores, cost_of(ledger, worth, stockout_cost)))


def _said(curve: Curve, fill: float) -> str:
    cost, held = at_fill(curve, fill, curve.cost), at_fill(curve, fill, curve.held)
    return "-" if cost is None or held is None else f"{cost:.2f} ({held:.1f} d)"


def _result(market: Market, supply: Supply, curves: Mapping[str, Curve], fill: float) -> Result | None:
    costs = {name: at_fill(curve, fill, curve.cost) for name, curve in curves.items()}
    others = {name: cost for name, cost in costs.items() if name != OURS and cost is not None}
    own = costs[OURS]
    if own is None or not others:
        return None
    best = min(others, key=lambda name: others[name])
    where = "_".join([_named(market), "lead", *supply.name.split()[:-1]])
    return Result(
        name=f"forecast_value.{where}.fill_{fill * 100:.0f}", unit="per unit asked", value=own,
        limit=others[best], better="lower", target=1.0,
        note=f"{len(market.products)} products; limit: {best}",
    )  # fmt: skip


def _named(market: Market) -> str:
    return "_".join(market.name.replace(",", "").split())

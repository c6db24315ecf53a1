"""Makes rows of a regression of the weeks of series, and says what to mind of them."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from humidor_forecasting.elasticity.estimating import Unidentified, estimate
from humidor_forecasting.elasticity.panel import numbers, time_columns, within
from humidor_forecasting.elasticity.rules import TWO_YEARS
from humidor_forecasting.elasticity.work import DemandQuestion, ElasticityInput, ElasticityOutput, Weeks
from humidor_forecasting.models.interface import Values

FEW_WEEKS = 26
HARDLY_MOVED = 0.01
"""Below it, in logarithms, a price within its series tells next to nothing of what prices do."""
MANY_SILENT = 0.1


class _Row(NamedTuple):
    """A week of a series: sticks, the regular price of one, the share of promoted days."""

    series: int
    week: int
    sticks: float
    price: float
    promoted: float


def answer_demand(given: DemandQuestion) -> ElasticityOutput:
    """Estimate from weeks of demand: price, promotion, holidays, trend and season, a level for each series.

    Raises:
        Unidentified: Nothing was sold at a price, it never moved, or there are too few weeks.
    """
    rows = _rows(given)
    columns, remarks = _columns(given, rows)
    own = [name for name in columns if name not in {"sticks", "price", *given.instruments}]
    found = estimate(
        ElasticityInput(
            columns={name: column.tolist() for name, column in columns.items()},
            quantity="sticks",
            price="price",
            dummies=own,
            instruments=list(given.instruments),
            linear_instruments=given.linear_instruments,
            level=given.level,
            series=[row.series for row in rows],
            weeks=[row.week for row in rows],
        )
    )
    return msgspec.structs.replace(
        found,
        series=len({row.series for row in rows}),
        weeks=len({row.week for row in rows}),
        remarks=[*found.remarks, *_readings(found), *remarks],
    )


def _rows(given: DemandQuestion) -> list[_Row]:
    """Give the weeks that can be used; a regular price stays until the next one is seen."""
    rows = []
    for number, each in enumerate(given.series):
        price = None
        for week, sticks, regular, promoted in zip(
            each.weeks, each.sticks, each.prices, each.promoted, strict=True
        ):
            price = regular or price
            if price and all(week in values for values in given.instruments.values()):
                rows.append(_Row(number, week, sticks, price, promoted))
    if not rows:
        raise Unidentified("there is no whole week with a sale at a regular price")
    return rows


def _columns(given: DemandQuestion, rows: Sequence[_Row]) -> tuple[Mapping[str, Values], list[str]]:
    series, week = numbers([row.series for row in rows]), numbers([row.week for row in rows])
    price = np.array([row.price for row in rows])
    moved = float(within(np.log(price), series).std())
    if moved < 1e-9:
        raise Unidentified("prices have not moved, so nothing shows what they do")
    other = {
        "promotion": np.array([row.promoted for row in rows]),
        "holiday": np.array([given.holidays.get(row.week, 0.0) for row in rows]),
        **time_columns(week),
    }
    kept = {name: column for name, column in other.items() if np.ptp(within(column, series)) > 1e-9}
    instruments = {}
    for name, values in given.instruments.items():
        instruments[name] = np.array([values[row.week] for row in rows])
        if np.ptp(within(instruments[name], series)) < 1e-12:
            raise Unidentified("has not moved in these weeks", f"instruments.{name}")
    remarks = [*_remarks(kept, moved, len(set(week.tolist()))), *_left_out(given, len(rows))]
    sticks = np.array([row.sticks for row in rows])
    return {"sticks": sticks, "price": price, **kept, **instruments}, remarks


def _remarks(kept: Mapping[str, Values], moved: float, weeks: int) -> list[str]:
    found = []
    if weeks < FEW_WEEKS:
        found.append(f"{weeks} weeks are few: the errors are themselves uncertain below {FEW_WEEKS}")
    if moved < HARDLY_MOVED:
        found.append(f"prices have hardly moved (by {100 * moved:.2f} %, standard deviation)")
    if "promotion" not in kept:
        found.append("nothing was promoted in these weeks, or always: promotions have no coefficient")
    if "season_sine" not in kept:
        found.append(f"fewer than {TWO_YEARS} weeks: a season cannot be told from trend and price")
    return found


def _left_out(given: DemandQuestion, used: int) -> list[str]:
    found = []
    if out := sum(each.sold_out for each in given.series):
        found.append(f"{out} weeks of series were sold out for a time and are left out")
    seen = sum(len(each.weeks) for each in given.series)
    if seen > used:
        found.append(f"{seen - used} weeks have no regular price, or an instrument no value: left out")
    silent = sum(_silent(each) for each in given.series)
    if silent > MANY_SILENT * (silent + seen):
        found.append(
            f"{silent} of {silent + seen} weeks had no sale and are left out (zero has no logarithm): "
            "what sells rarely looks less elastic than it is"
        )
    return found


def _silent(each: Weeks) -> int:
    return max(each.weeks[-1] - each.weeks[0] + 1 - len(each.weeks) - each.sold_out, 0) if each.weeks else 0


def _readings(found: ElasticityOutput) -> list[str]:
    by_name = {each.name: each for each in found.coefficients}
    said = []
    if promotion := by_name.get("promotion"):
        low, value, high = (
            100 * math.expm1(min(each, 20)) for each in (promotion.low, promotion.value, promotion.high)
        )
        said.append(
            f"a week promoted throughout goes with demand that is {value:+.0f} % (between {low:+.0f} and "
            f"{high:+.0f}); its discount is part of this, as the price is the regular one"
        )
    if sine := by_name.get("season_sine"):
        swing = 100 * math.expm1(min(math.hypot(sine.value, by_name["season_cosine"].value), 20))
        said.append(f"at the height of its season demand is {swing:+.0f} % against the year's middle")
    return said

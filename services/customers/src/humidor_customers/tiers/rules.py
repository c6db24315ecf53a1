"""How customers are scored by several measures and cut into tiers."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias

Direction: TypeAlias = Literal["highest_is_best", "lowest_is_best"]
State: TypeAlias = Literal["draft", "locked", "published", "retired"]
Cadence: TypeAlias = Literal["weekly", "monthly", "quarterly", "half_yearly", "yearly"]

FULL_E4 = 1_000_000
"""The best score, 100, in ten-thousandths."""
_ALL_BP = 10_000

_NEXT: Mapping[State, frozenset[State]] = {
    "draft": frozenset(("locked",)),
    "locked": frozenset(("published",)),
    "published": frozenset(("retired",)),
    "retired": frozenset(),
}


class Cut(NamedTuple):
    """How scores become levels, 1 the lowest.

    Args:
        levels: How many there are.
        shares_bp: The share of customers in each level from the lowest, in hundredths of a percent; or
        minimums_e4: the least score of each level but the lowest. Neither is equal shares.
    """

    levels: int
    shares_bp: Sequence[int] | None = None
    minimums_e4: Sequence[int] | None = None


class Bounds(NamedTuple):
    """The best level that a customer may reach for another reason than its score; None is no bound."""

    newcomer: int | None
    by_grade: Mapping[str, int]


def may_become(before: State, after: State) -> bool:
    """Tell whether a scheme may go from one state to another."""
    return after in _NEXT[before]


def percentile_ranks(values: Sequence[int]) -> list[int]:
    """Rank each value among all, in ten-thousandths of 0 to 100.

    PR = (number below + half of the equal ones, itself among them) / number of all, so that equal values rank
    equally and an outlier moves nobody else (D. A. Wolfe and G. Schneider, Intuitive Introductory
    Statistics, 2017, ch. 1). `[10, 20, 20, 40]` ranks 12.5, 50, 50, 87.5.
    """
    rising, count = sorted(values), len(values)
    ranks = {
        value: FULL_E4 * (bisect_left(rising, value) + bisect_right(rising, value)) // (2 * count)
        for value in set(values)
    }
    return [ranks[value] for value in values]


def weigh(ranks: Mapping[str, Sequence[int]], weights: Mapping[str, int]) -> list[int]:
    """Give the weighted means of the ranks by measure, in ten-thousandths.

    Ranks of 80 and 40 with weights of 70 and 30 come to 68.
    """
    total = sum(weights.values())
    columns = [[rank * weight for rank in ranks[name]] for name, weight in weights.items()]
    return [sum(parts) // total for parts in zip(*columns, strict=True)]


def levels_of(scores: Sequence[int], cut: Cut) -> list[int]:
    """Cut scores into levels; equal scores are always in one level.

    By shares it is the score's own percentile rank that decides: four different scores in two equal levels
    come to 1, 1, 2, 2, and four equal ones to 2, 2, 2, 2, because they stand in the middle.
    """
    if cut.minimums_e4 is not None:
        return [1 + bisect_right(cut.minimums_e4, score) for score in scores]
    if cut.shares_bp is None:
        return [1 + min(rank * cut.levels // FULL_E4, cut.levels - 1) for rank in percentile_ranks(scores)]
    upper = [edge * FULL_E4 // _ALL_BP for edge in accumulate(cut.shares_bp)]
    return [1 + min(bisect_right(upper, rank), cut.levels - 1) for rank in percentile_ranks(scores)]


def bound_level(level: int, bounds: Bounds, *, newcomer: bool, grade: str | None) -> int:
    """Keep a level within what a newcomer, or a customer of a compliance grade, may reach."""
    limits = [bounds.newcomer if newcomer else None, bounds.by_grade.get(grade) if grade else None]
    return min([level, *(each for each in limits if each is not None)])


def tier_of(level: int, levels: int, direction: Direction) -> int:
    """Number a level as customers know it: of 30 the best is tier 30, or tier 1 where the lowest is best."""
    return level if direction == "highest_is_best" else levels + 1 - level


_MONTHS: Mapping[Cadence, int] = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


def last_period(cadence: Cadence, day: date) -> tuple[date, date]:
    """Give the newest calendar period that was over on a day, first and last day; a week begins on Monday.

    On 1 October the last quarter is 1 July to 30 September; on 30 September it is 1 April to 30 June.
    """
    if cadence == "weekly":
        begins = day - timedelta(days=day.weekday())
        return begins - timedelta(days=7), begins - timedelta(days=1)
    months = _MONTHS[cadence]
    begins = date(day.year, (day.month - 1) // months * months + 1, 1)
    last = begins - timedelta(days=1)
    return date(last.year, last.month - months + 1, 1), last

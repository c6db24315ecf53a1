"""Draws the stores that go without a campaign, and says how well the draw came out and what it can show."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, pvariance, variance
from typing import NamedTuple

CONFIDENCE = 0.95
POWER = 0.8
BALANCED = 0.1
"""A standardised difference of at most this much is taken for balance (Austin 2009, Stat. Med. 28:3083)."""
HALF_DAYS = 45


class Unit(NamedTuple):
    """A store with what it sold (sticks) in the first and the second 45 of the 90 days before."""

    store_id: str
    place: str
    earlier_sticks: float
    later_sticks: float

    @property
    def before_sticks(self) -> float:
        return self.earlier_sticks + self.later_sticks


class Draw(NamedTuple):
    """Who is treated and who is held out, in the order of their ids, and the stratum of each."""

    treated: list[str]
    holdout: list[str]
    strata: dict[str, str]


class Balance(NamedTuple):
    """Means of both parts and their difference in pooled deviations; None where nothing varies."""

    figure: str
    treated_mean: float | None
    holdout_mean: float | None
    standardised_difference: float | None


def stratify(units: Sequence[Unit]) -> dict[str, str]:
    """Name the stratum of each store: its place and the third of all stores that it sold among."""
    ranked = sorted(units, key=lambda each: (each.before_sticks, each.store_id))
    thirds = {each.store_id: 1 + 3 * rank // len(ranked) for rank, each in enumerate(ranked)}
    return {each.store_id: f"{each.place}|{thirds[each.store_id]}" for each in units}


def draw(units: Sequence[Unit], share: float, seed: int) -> Draw:
    """Hold out a share of each stratum, right to one store in each and over all of them to a half.

    Stores are put in an order by a hash of the seed and their id, so that a draw does not depend on the order
    they come in, on the machine or on a version of anything. What a stratum is too small to hold out is
    carried to the next.
    """
    strata = stratify(units)
    members: dict[str, list[str]] = defaultdict(list)
    for store_id, stratum in strata.items():
        members[stratum].append(store_id)
    held: set[str] = set()
    carried = 0.5
    for stratum in sorted(members, key=lambda each: _chance(seed, f"stratum {each}")):
        stores = sorted(members[stratum], key=lambda each: _chance(seed, each))
        carried += share * len(stores)
        count = math.floor(carried + 1e-9)
        carried -= count
        held.update(stores[:count])
    return Draw(sorted(set(strata) - held), sorted(held), strata)


def assign(drawn: Draw, shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Divide the treated stores among variants by their shares: right to two stores of each, over all.

    Stratum after stratum, and in each store after store in the order of a hash, whoever lacks most of its
    share of those so far gets the next one. So variants are alike in areas, formats and sales, and the same
    seed divides the same way on any machine.
    """
    order = sorted(
        drawn.treated,
        key=lambda each: (_chance(seed, f"stratum {drawn.strata[each]}"), _chance(seed, f"variant {each}")),
    )
    given = dict.fromkeys(shares, 0)
    found: dict[str, str] = {}
    for count, store_id in enumerate(order, 1):
        name = max(shares, key=lambda each: shares[each] * count - given[each])
        given[name] += 1
        found[store_id] = name
    return found


def _chance(seed: int, word: str) -> bytes:
    return hashlib.sha256(f"{seed}:{word}".encode()).digest()


def balance(units: Sequence[Unit], drawn: Draw) -> list[Balance]:
    """Compare both parts by what they sold before, in total and in each half of it."""
    by_id = {each.store_id: each for each in units}
    return [
        _compare(figure, [_value(by_id, each, figure) for each in drawn.treated],
                 [_value(by_id, each, figure) for each in drawn.holdout])
        for figure in ("before_sticks", "earlier_sticks", "later_sticks")
    ]  # fmt: skip


def _value(by_id: Mapping[str, Unit], store_id: str, figure: str) -> float:
    found: float = getattr(by_id[store_id], figure)
    return found


def _compare(figure: str, treated: list[float], holdout: list[float]) -> Balance:
    if not treated or not holdout:
        return Balance(figure, fmean(treated) if treated else None, fmean(holdout) if holdout else None, None)
    means = fmean(treated), fmean(holdout)
    pooled = math.sqrt((pvariance(treated) + pvariance(holdout)) / 2)
    return Balance(figure, *means, (means[0] - means[1]) / pooled if pooled > 0 else None)


def detectable_percent(units: Sequence[Unit], drawn: Draw) -> float | None:
    """Say by how many percent sales must change for the comparison to show it in four cases of five.

    The smallest effect found with 95 % confidence (two-sided) and power 0.8: (z₀.₉₇₅ + z₀.₈) · s ·
    √(1/n₁ + 1/n₀), with s the deviation between stores of the change from the first half of the 90 days to
    the second (Bloom 1995, Evaluation Review 19:547). None with fewer than two stores in a part or no sales.
    """
    n_treated, n_holdout = len(drawn.treated), len(drawn.holdout)
    mean = fmean(each.later_sticks for each in units) if units else 0
    if min(n_treated, n_holdout) < 2 or mean <= 0:
        return None
    deviation = math.sqrt(variance(each.later_sticks - each.earlier_sticks for each in units))
    normal = NormalDist()
    multiple = normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)
    return 100 * multiple * deviation * math.sqrt(1 / n_treated + 1 / n_holdout) / mean

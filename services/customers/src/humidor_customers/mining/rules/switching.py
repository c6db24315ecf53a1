"""Brand switching: which brand customers take on the occasion after one of another brand."""

from typing import Any, NamedTuple

import numpy as np

from humidor_customers.mining.rules.baskets import Floats, Ints, distinct
from humidor_customers.mining.rules.significance import false_discovery


class Lines(NamedTuple):
    """What of a brand was bought on an occasion; occasions are numbered by customer and then by time."""

    occasions: Ints
    brands: Ints
    sticks: Ints
    values: Ints


class Switches(NamedTuple):
    """A row for each pair of brands that followed each other; on the diagonal a brand follows itself.

    `net` is what went this way more than back; `p_values` and `q_values` are those of both ways being equal,
    NaN on the diagonal.
    """

    origins: Ints
    targets: Ints
    counts: Ints
    customers: Ints
    origin_counts: Ints
    target_counts: Ints
    net: Ints
    p_values: Floats
    q_values: Floats

    @property
    def total(self) -> int:
        return int(self.counts.sum())


def main_brands(lines: Lines) -> tuple[Ints, Ints]:
    """Give each occasion its brand: that of most sticks, then of most money, then the first by number."""
    if not len(lines.occasions):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    keys = lines.occasions * (int(lines.brands.max()) + 1) + lines.brands
    order = np.argsort(keys, kind="stable")
    starts = _firsts(keys[order])
    occasions, brands = lines.occasions[order][starts], lines.brands[order][starts]
    sticks, values = (np.add.reduceat(each[order], starts) for each in (lines.sticks, lines.values))
    best = _greatest(occasions, sticks)
    best = best[_greatest(occasions[best], values[best])]
    first = best[_firsts(occasions[best])]
    return occasions[first], brands[first]


def _greatest(occasions: Ints, measure: Ints) -> Ints:
    """Give the places at which the measure is the greatest of the occasion."""
    first = _firsts(occasions)
    most = np.repeat(np.maximum.reduceat(measure, first), np.diff(np.append(first, len(occasions))))
    return np.flatnonzero(measure == most)


def _firsts(values: Ints) -> Ints:
    """Give the places at which another value begins."""
    new = np.ones(len(values), bool)
    new[1:] = values[1:] != values[:-1]
    return np.flatnonzero(new)


def count_switches(owners: Ints, brands: Ints, brand_count: int) -> Switches:
    """Count which brand came after which; occasions are in order of customer (`owners`) and time.

    A, A, B, A of one customer are A to A, A to B and B to A, once each.
    """
    same = owners[1:] == owners[:-1]
    origin, target, owner = brands[:-1][same], brands[1:][same], owners[1:][same]
    pairs, pair_of, counts = np.unique(origin * brand_count + target, return_inverse=True, return_counts=True)
    customers = np.bincount(distinct(pair_of.reshape(-1), owner)[0], minlength=len(pairs))
    origins, targets = pairs // brand_count, pairs % brand_count
    returned = _returned(pairs, counts, targets * brand_count + origins)
    p_values, q_values = _both_ways(counts, returned, origins == targets)
    order = np.lexsort((targets, origins, -counts))
    columns = (
        origins,
        targets,
        counts,
        customers,
        np.bincount(origin, minlength=brand_count)[origins],
        np.bincount(target, minlength=brand_count)[targets],
        counts - returned,
    )
    counted: list[Any] = [each[order] for each in (*columns, p_values, q_values)]
    return Switches(*counted)


def _returned(pairs: Ints, counts: Ints, wanted: Ints) -> Ints:
    place = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
    return np.where(pairs[place] == wanted, counts[place], 0) if len(pairs) else counts


def _both_ways(counts: Ints, returned: Ints, same: Ints) -> tuple[Floats, Floats]:
    """Test by the exact binomial whether as many go as come back; each pair of brands is one test."""
    from scipy.stats import binom

    p_values, q_values = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    others = ~same
    less, both = np.minimum(counts, returned)[others], (counts + returned)[others]
    p_values[others] = np.minimum(2 * binom.cdf(less, both, 0.5), 1.0)
    q_values[others] = false_discovery(p_values[others])
    return p_values, q_values

"""Brand switching: which brand customers take on the occasion after one of another brand."""

from typing import Any, NamedTuple

import numpy as np

from humidor_customers.mining.rules.baskets import Floats, Ints
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
    order = np.lexsort((lines.brands, lines.occasions))
    keys = np.column_stack((lines.occasions, lines.brands))[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    sticks = np.add.reduceat(lines.sticks[order], starts)
    values = np.add.reduceat(lines.values[order], starts)
    occasions, brands = keys[starts].T
    best = np.lexsort((brands, -values, -sticks, occasions))
    occasions, brands = occasions[best], brands[best]
    first = np.ones(len(occasions), bool)
    first[1:] = occasions[1:] != occasions[:-1]
    return occasions[first], brands[first]


def count_switches(owners: Ints, brands: Ints, brand_count: int) -> Switches:
    """Count which brand came after which; occasions are in order of customer (`owners`) and time.

    A, A, B, A of one customer are A to A, A to B and B to A, once each.
    """
    same = owners[1:] == owners[:-1]
    origin, target, owner = brands[:-1][same], brands[1:][same], owners[1:][same]
    pairs, pair_of, counts = np.unique(origin * brand_count + target, return_inverse=True, return_counts=True)
    both = np.unique(np.column_stack((pair_of.reshape(-1), owner)), axis=0)
    customers = np.bincount(both[:, 0], minlength=len(pairs))
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

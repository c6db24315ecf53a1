"""Frequent itemsets by Eclat (Zaki 2000): sets of baskets as bits, narrowed to those of the rarest item.

The items are ordered from the rarest to the most frequent. The sets that begin with an item only ever lie in
that item's baskets, so their bits are kept for these baskets alone; within such a class sets grow a level at
a time, all joins of a level in one go of numpy.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from humidor_customers.hearing import Heard, unheard
from humidor_customers.mining.rules.baskets import Baskets, Ints, ranges

Words = NDArray[np.uint64]
_CHUNK_BYTES = 32_000_000


class TooMuch(Exception):  # noqa: N818 - reads as what has happened
    """There are more results than anybody can read; `code` and the message say what to change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)  # both, or it could not be pickled
        self.code = code
        self.message = message


class Level(NamedTuple):
    """All frequent itemsets of one size, in order: a row of `items` each, ascending; `counts` of baskets."""

    items: Ints
    counts: Ints


class Limits(NamedTuple):
    """How often a set must occur (baskets), how many items it has at most, how many sets there may be."""

    min_count: int
    longest: int = 10
    most: int = 2_000_000


def count_for(support: float, baskets: int) -> int:
    """Turn a share of baskets into the least count that reaches it: 0.001 of 9,835 are 10."""
    return max(int(np.ceil(support * baskets - 1e-9)), 1)


def frequent_itemsets(baskets: Baskets, limits: Limits, heard: Heard = unheard) -> list[Level]:
    """Find every set of items that at least `min_count` baskets hold; one `Level` for each size from 1 up.

    `heard` is told the share that is done, 0 to 1, and may raise to stop. The work grows with the baskets and
    with the number of sets found; memory with the sets of one class.

    Raises:
        TooMuch: `too-many-itemsets`.
    """
    search = _Search(baskets, limits)
    for place in range(len(search.codes)):
        heard(place / len(search.codes))
        search.grow_class(place)
    return search.levels()


class _Search:
    """Items by rank (0 is the rarest frequent one), and the sets found so far in ranks."""

    def __init__(self, baskets: Baskets, limits: Limits) -> None:
        counts = np.bincount(baskets.items, minlength=len(baskets.names))
        frequent = np.flatnonzero(counts >= limits.min_count)
        self.codes = frequent[np.argsort(counts[frequent], kind="stable")]
        self._counts = counts[self.codes]
        self._limits = limits
        ranks = np.full(len(counts), -1, np.int64)
        ranks[self.codes] = np.arange(len(self.codes))
        kept = ranks[baskets.items] >= 0
        of = np.repeat(np.arange(baskets.number), np.diff(baskets.offsets))[kept]
        self._items = ranks[baskets.items][kept]
        self._lengths = np.bincount(of, minlength=baskets.number)
        self._starts = np.cumsum(self._lengths) - self._lengths
        by_item = np.argsort(self._items, kind="stable")
        self._tids = of[by_item]
        self._tid_ends = np.cumsum(np.bincount(self._items, minlength=len(self.codes)))
        self._found: list[list[tuple[Ints, Ints]]] = [[(np.arange(len(self.codes))[:, None], self._counts)]]
        self._total = len(self.codes)

    def grow_class(self, place: int) -> None:
        """Find the sets whose rarest item is the one at `place`."""
        tids = self._tids[self._tid_ends[place] - self._counts[place] : self._tid_ends[place]]
        lengths = self._lengths[tids]
        items = self._items[ranges(self._starts[tids], lengths)]
        local = np.repeat(np.arange(len(tids)), lengths)
        later = items > place
        items, local = items[later], local[later]
        counts = np.bincount(items, minlength=len(self.codes))
        partners = np.flatnonzero(counts >= self._limits.min_count)
        if not len(partners) or self._limits.longest < 2:
            return
        sets = np.column_stack((np.full(len(partners), place), partners))
        self._keep(sets, counts[partners])
        bits = _pack(items, local, partners, len(tids))
        groups = np.zeros(len(partners), np.int64)
        while len(sets) > 1 and sets.shape[1] < self._limits.longest:
            sets, bits, groups = self._join(sets, bits, groups)

    def _join(self, sets: Ints, bits: Words, groups: Ints) -> tuple[Ints, Words, Ints]:
        """Join every two sets of a group (all but their last item in common)."""
        left = _followers(groups)
        ends = np.cumsum(left)
        rows = max(_CHUNK_BYTES // (8 * bits.shape[1]), 1)
        made: list[tuple[Ints, Words, Ints, Ints]] = []
        begin = 0
        while begin < len(sets):
            done = ends[begin - 1] if begin else 0
            until = max(int(np.searchsorted(ends, done + rows, side="right")), begin + 1)
            first = np.repeat(np.arange(begin, until), left[begin:until])
            second = ranges(np.arange(begin, until) + 1, left[begin:until])
            both = bits[first] & bits[second]
            counts = np.bitwise_count(both).sum(axis=1, dtype=np.int64)
            good = counts >= self._limits.min_count
            first, second = first[good], second[good]
            joined = np.column_stack((sets[first], sets[second, -1]))
            made.append((joined, both[good], first, counts[good]))
            self._keep(joined, counts[good])
            begin = until
        sets, bits, groups = (np.concatenate([each[n] for each in made]) for n in range(3))
        return sets, bits, groups

    def _keep(self, sets: Ints, counts: Ints) -> None:
        if not len(sets):
            return
        self._total += len(sets)
        if self._total > self._limits.most:
            raise TooMuch(
                "too-many-itemsets",
                f"More than {self._limits.most:,} sets of items occur {self._limits.min_count} times; "
                "ask for more support or shorter sets.",
            )
        while len(self._found) < sets.shape[1]:
            self._found.append([])
        self._found[sets.shape[1] - 1].append((sets, counts))

    def levels(self) -> list[Level]:
        """Give the sets by size, in item codes, in order."""
        return [self._level(parts) for parts in self._found if parts and len(parts[0][0])]

    def _level(self, parts: list[tuple[Ints, Ints]]) -> Level:
        sets = np.sort(self.codes[np.concatenate([part[0] for part in parts])], axis=1)
        counts = np.concatenate([part[1] for part in parts])
        order = np.lexsort(sets.T[::-1])
        return Level(sets[order], counts[order].astype(np.int64))


def _followers(groups: Ints) -> Ints:
    """Count for each row how many rows of its group come after it; groups lie together."""
    last = np.searchsorted(groups, groups, side="right")
    found: Ints = last - np.arange(len(groups)) - 1
    return found


def _pack(items: Ints, local: Ints, partners: Ints, baskets: int) -> Words:
    """Make a row of bits for each partner: which of the class's baskets hold it."""
    words = -(-baskets // 64)
    packed = np.zeros((len(partners), words * 8), np.uint8)
    order = np.argsort(items, kind="stable")
    items, local = items[order], local[order]
    rows = max(_CHUNK_BYTES // (words * 64), 1)
    for begin in range(0, len(partners), rows):
        block = partners[begin : begin + rows]
        first, last = np.searchsorted(items, [block[0], block[-1] + 1])
        place = np.searchsorted(block, items[first:last])
        ours = block[np.minimum(place, len(block) - 1)] == items[first:last]
        dense = np.zeros((len(block), words * 64), bool)
        dense[place[ours], local[first:last][ours]] = True
        packed[begin : begin + rows] = np.packbits(dense, axis=1)
    found: Any = packed.view(np.uint64)
    return np.asarray(found, np.uint64)

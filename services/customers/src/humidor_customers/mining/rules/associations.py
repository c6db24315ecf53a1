"""Association rules (Agrawal, Imielinski & Swami 1993) out of frequent itemsets, with their significance."""

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from humidor_customers.hearing import Heard, unheard
from humidor_customers.mining.rules.baskets import Floats, Ints
from humidor_customers.mining.rules.itemsets import Level, TooMuch


class Least(NamedTuple):
    """What a rule needs: its confidence, and how many items it may conclude to; `most` rules are made."""

    confidence: float
    consequents: int = 1
    most: int = 1_000_000


class Rules(NamedTuple):
    """Rules as columns: sets are rows of item codes, filled up with -1; counts are of `baskets`."""

    antecedents: Ints
    consequents: Ints
    counts: Ints
    antecedent_counts: Ints
    consequent_counts: Ints
    baskets: int

    @property
    def confidence(self) -> Floats:
        """How many of the baskets with the antecedent hold the consequent too."""
        found: Floats = self.counts / self.antecedent_counts
        return found

    @property
    def lift(self) -> Floats:
        """Confidence ÷ share of all baskets that hold the consequent; 1 where they have nothing to do."""
        found: Floats = self.confidence / (self.consequent_counts / self.baskets)
        return found

    @property
    def leverage(self) -> Floats:
        """Share of baskets with both, less what chance would make it."""
        together = self.counts / self.baskets
        apart = (self.antecedent_counts / self.baskets) * (self.consequent_counts / self.baskets)
        found: Floats = together - apart
        return found

    def take(self, rows: Ints) -> "Rules":
        columns: list[Any] = [*(column[rows] for column in self[:-1]), self.baskets]
        return Rules(*columns)


def derive_rules(
    levels: list[Level], items: int, baskets: int, least: Least, heard: Heard = unheard
) -> Rules:
    """Split every frequent set of two items and more into antecedent and consequent.

    The best lift comes first, then confidence, then count. Beer in 6 of 10 baskets, nappies in 5, both in 4:
    nappies → beer has confidence 4/5 and lift 0.8 / 0.6 = 1.33.

    Raises:
        TooMuch: `too-many-rules`.
    """
    index = _Index(levels, items)
    parts: list[tuple[Ints, ...]] = []
    total = 0
    for place, level in enumerate(levels[1:], 2):
        heard((place - 1) / len(levels))
        for size in range(1, min(least.consequents, place - 1) + 1):
            for split in combinations(range(place), size):
                part = _split(level, split, index, least.confidence)
                total += len(part[0])
                if total > least.most:
                    raise TooMuch(
                        "too-many-rules",
                        f"There are more than {least.most:,} rules; ask for more confidence.",
                    )
                parts.append(part)
    return _ordered(_gather(parts, len(levels), baskets))


def _split(level: Level, split: tuple[int, ...], index: "_Index", confidence: float) -> tuple[Ints, ...]:
    left = [n for n in range(level.items.shape[1]) if n not in split]
    before, after = level.items[:, left], level.items[:, list(split)]
    before_counts = index.counts(before)
    good = np.flatnonzero(level.counts / before_counts >= confidence - 1e-12)
    after_counts = index.counts(after[good])
    return before[good], after[good], level.counts[good], before_counts[good], after_counts


def _gather(parts: list[tuple[Ints, ...]], widest: int, baskets: int) -> Rules:
    if not parts:
        empty = np.zeros(0, np.int64)
        return Rules(empty.reshape(0, 1), empty.reshape(0, 1), empty, empty, empty, baskets)
    sets = [np.concatenate([_filled(part[n], widest) for part in parts]) for n in (0, 1)]
    counts = [np.concatenate([part[n] for part in parts]) for n in (2, 3, 4)]
    return Rules(sets[0], sets[1], counts[0], counts[1], counts[2], baskets)


def _filled(sets: Ints, widest: int) -> Ints:
    filled = np.full((len(sets), widest), -1, np.int64)
    filled[:, : sets.shape[1]] = sets
    return filled


def _ordered(rules: Rules) -> Rules:
    keys = [*rules.consequents.T[::-1], *rules.antecedents.T[::-1]]
    return rules.take(np.lexsort((*keys, -rules.counts, -rules.confidence, -rules.lift)))


class _Index:
    """Finds how often sets occur: a level's sets as sorted numbers made of beginning and last item."""

    def __init__(self, levels: list[Level], items: int) -> None:
        self._items = items
        self._levels = levels
        self._singles = np.full(items, -1, np.int64)
        if levels:
            self._singles[levels[0].items[:, 0]] = np.arange(len(levels[0].items))
        self._keys = [np.zeros(0, np.int64)]
        for level in levels[1:]:
            self._keys.append(self._find(level.items[:, :-1]) * items + level.items[:, -1])

    def _find(self, sets: Ints) -> Ints:
        place = self._singles[sets[:, 0]]
        for column in range(1, sets.shape[1]):
            place = np.searchsorted(self._keys[column], place * self._items + sets[:, column])
        return place

    def counts(self, sets: Ints) -> Ints:
        """Every part of a frequent set is frequent itself, so it is always found."""
        found: Ints = self._levels[sets.shape[1] - 1].counts[self._find(sets)]
        return found

"""Baskets as two arrays, which every algorithm that looks at sets of items begins from."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_customers.arrays import numbered

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


class Baskets(NamedTuple):
    """Basket number n holds `items[offsets[n]:offsets[n + 1]]`, each item once; `names[item]` says which."""

    offsets: Ints
    items: Ints
    names: Sequence[str]

    @property
    def number(self) -> int:
        return len(self.offsets) - 1


def make_baskets(baskets: Ints, items: Ints, names: Sequence[str]) -> Baskets:
    """Gather pairs of basket and item, in any order and repeated at will; baskets are renumbered from 0.

    An item that is bought twice in a basket counts once. Pairs (7, 0), (7, 2), (7, 0), (9, 2) are the two
    baskets {0, 2} and {2}.
    """
    if not len(baskets):
        return Baskets(np.zeros(1, np.int64), np.zeros(0, np.int64), names)
    order = np.lexsort((items, baskets))
    of, what = baskets[order], items[order]
    new = np.ones(len(of), bool)
    new[1:] = (of[1:] != of[:-1]) | (what[1:] != what[:-1])
    of, what = of[new], what[new]
    first = np.ones(len(of), bool)
    first[1:] = of[1:] != of[:-1]
    offsets = np.append(np.flatnonzero(first), len(of)).astype(np.int64)
    return Baskets(offsets, what.astype(np.int64), names)


def encode(values: Sequence[Any]) -> tuple[Ints, list[Any]]:
    """Number values by their order of appearance: a, b, a are 0, 1, 0 and [a, b]."""
    numbers, found = numbered(values)
    return np.array(numbers, np.int64), found


def distinct(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Give every pair of two columns of whole numbers from 0 once, in order; (2, 1), (0, 3), (2, 1) are two.

    Pairs are sorted as single numbers: `np.unique` of them takes thirty times as long.
    """
    if not len(first):
        return first, second
    width = int(second.max()) + 1
    keys = np.sort(first * width + second)
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    found = np.divmod(keys[new], width)
    return found[0], found[1]


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Give the positions of many slices one after the other: starts 5 and 9, lengths 2 and 1 are 5, 6, 9."""
    total = int(lengths.sum())
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(total)

"""Sequential patterns: what customers buy after what, by growing prefixes (Pei et al. 2001, PrefixSpan).

A prefix is kept as all the places where it can end (Zaki 2001, SPADE), which a longest gap in time needs.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from humidor_customers.hearing import Heard, unheard
from humidor_customers.mining.rules.baskets import Ints, ranges
from humidor_customers.mining.rules.itemsets import TooMuch

Pattern: TypeAlias = tuple[tuple[int, ...], ...]
_Name: TypeAlias = Callable[[int], Pattern]


class Sequences(NamedTuple):
    """Occasions in order of customer and time; number n holds `items[offsets[n]:offsets[n + 1]]`, ascending.

    `owners` is the customer of each occasion, `times` its day.
    """

    offsets: Ints
    items: Ints
    owners: Ints
    times: Ints
    item_count: int


class Span(NamedTuple):
    """How many customers a pattern needs, its most items, and most days from one step to the next."""

    min_count: int
    longest: int = 5
    most_days: int | None = None
    most: int = 100_000


class Found(NamedTuple):
    """A pattern, the customers that show it, and those that show it up to its last item."""

    pattern: Pattern
    customers: int
    before: int


class _Prefix(NamedTuple):
    pattern: Pattern
    ends: Ints
    customers: int

    @property
    def size(self) -> int:
        return sum(len(step) for step in self.pattern)


def frequent_sequences(sequences: Sequences, span: Span, heard: Heard = unheard) -> list[Found]:
    """Find every pattern that at least `min_count` customers show, the most frequent first.

    ((1,), (2, 3)) is: bought 1, and on a later occasion 2 and 3 together. A customer counts once.

    Raises:
        TooMuch: `too-many-patterns`.
    """
    search = _Growth(sequences, span)
    found: list[Found] = []
    begins = list(search.begin())
    for place, begin in enumerate(begins):
        heard(place / len(begins))
        stack = [(begin, len(np.unique(sequences.owners)))]
        while stack:
            prefix, before = stack.pop()
            found.append(Found(prefix.pattern, prefix.customers, before))
            if len(found) > span.most:
                raise TooMuch(
                    "too-many-patterns", f"There are more than {span.most:,}; ask for more support."
                )
            if prefix.size < span.longest:
                stack += [(each, prefix.customers) for each in search.grow(prefix)]
    return sorted(found, key=lambda each: (-each.customers, len(each.pattern), each.pattern))


class _Growth:
    """The occasions as entries (place, item), by which prefixes grow."""

    def __init__(self, sequences: Sequences, span: Span) -> None:
        self._all = sequences
        self._span = span
        occasions = len(sequences.owners)
        self._last = np.searchsorted(sequences.owners, sequences.owners, side="right") if occasions else None
        self._places = np.repeat(np.arange(occasions), np.diff(sequences.offsets))

    def begin(self) -> Iterator[_Prefix]:
        yield from self._children(self._places, self._all.items, lambda item: ((item,),))

    def grow(self, prefix: _Prefix) -> Iterator[_Prefix]:
        """Add an item to the last occasion, then one on a later occasion."""
        step = prefix.pattern[-1]
        places, items = self._entries(prefix.ends, prefix.ends + 1)
        beyond = items > step[-1]
        head = prefix.pattern[:-1]
        yield from self._children(places[beyond], items[beyond], lambda item: (*head, (*step, item)))
        places, items = self._after(prefix.ends)
        yield from self._children(places, items, lambda item: (*prefix.pattern, (item,)))

    def _after(self, ends: Ints) -> tuple[Ints, Ints]:
        """Give what each customer bought after the first end, no later than the gap allows after some end."""
        assert self._last is not None  # noqa: S101 - there are ends, so there are occasions
        owners = self._all.owners[ends]
        first = np.ones(len(ends), bool)
        first[1:] = owners[1:] != owners[:-1]
        places, items = self._entries(ends[first] + 1, self._last[ends[first]])
        if self._span.most_days is not None and len(places):
            nearest = ends[np.searchsorted(ends, places, side="left") - 1]
            near = self._all.times[places] - self._all.times[nearest] <= self._span.most_days
            places, items = places[near], items[near]
        return places, items

    def _entries(self, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
        starts = self._all.offsets[begins]
        where = ranges(starts, self._all.offsets[ends] - starts)
        return self._places[where], self._all.items[where]

    def _children(self, places: Ints, items: Ints, name: _Name) -> Iterator[_Prefix]:
        order = np.lexsort((places, items))
        places, items = places[order], items[order]
        owners = self._all.owners[places]
        new = np.ones(len(items), bool)
        new[1:] = (items[1:] != items[:-1]) | (owners[1:] != owners[:-1])
        counts = np.bincount(items[new], minlength=self._all.item_count)
        for item in np.flatnonzero(counts >= self._span.min_count):
            first, last = np.searchsorted(items, [item, item + 1])
            yield _Prefix(name(int(item)), places[first:last], int(counts[item]))

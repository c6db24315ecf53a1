"""Purchases of many customers as arrays: documents, and the lines in them."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_customers.arrays import Ints

SALE, RETURN, ORDER = range(3)
_SAFE = 2.0**62

Flags: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[Any]
"""Whole numbers of 64 bits, or objects where sums of them might need more."""


class Codes(NamedTuple):
    """Names in their order, and for each row the place of its own among them."""

    names: list[str]
    of: Ints

    @classmethod
    def read(cls, values: Sequence[str]) -> "Codes":
        names = sorted(set(values))
        places = {name: n for n, name in enumerate(names)}
        return cls(names, np.fromiter(map(places.__getitem__, values), np.int64, len(values)))

    def parted(self, by: str) -> tuple["Codes", "Codes"]:
        """Give what stands before and after the first `by` in each name."""
        before, _, after = zip(*(name.partition(by) for name in self.names), strict=True)
        first, second = Codes.read(before), Codes.read(after)
        return Codes(first.names, first.of[self.of]), Codes(second.names, second.of[self.of])


class Lines(NamedTuple):
    """A row a line: whose, of which kind of document, and what of what."""

    who: Ints
    kind: Ints
    currency: Codes
    gtin: Codes
    sticks: Ints
    net_minor: Ints


class Purchases(NamedTuple):
    """A row a document: whose, which, when (microseconds and days from 2000-01-01), where, how many lines.

    The last three have a row a line, in the order of documents.
    """

    who: Ints
    kind: Ints
    high: Ints
    low: Ints
    bought_at: Ints
    day: Ints
    hour: Ints
    store: Codes
    currency: Codes
    size: Ints
    sticks: Ints
    net_minor: Ints
    gtin: Codes

    def parts(self, size: int) -> Iterator["Purchases"]:
        """Give those of some customers at a time, in their order: places 1 to `size`, and so on."""
        order = np.argsort(self.who, kind="stable")
        who = self.who[order]
        begins = np.arange(1 + size, who.max(initial=0) + 1, size)
        for rows in np.split(order, np.searchsorted(who, begins)):
            if len(rows):
                yield self._of(rows)

    def _of(self, rows: Ints) -> "Purchases":
        size = self.size[rows]
        shift = (np.cumsum(self.size) - self.size)[rows] - (np.cumsum(size) - size)
        lines = np.arange(size.sum()) + np.repeat(shift, size)
        *heads, sticks, net_minor, gtin = self
        return Purchases(
            *(_picked(each, rows) for each in heads),
            *(_picked(each, lines) for each in (sticks, net_minor, gtin)),
        )

    def lines(self) -> Lines:
        of = np.repeat(np.arange(len(self.who)), self.size)
        return Lines(
            self.who[of], self.kind[of], _picked(self.currency, of), self.gtin, self.sticks, self.net_minor
        )


class Documents(NamedTuple):
    """A row a document, in the order of customers; `own` are those in the customer's currency.

    `currency_of` and `starts` have a row a customer: the currency of the newest document, and where the
    customer's documents begin.
    """

    who: Ints
    kind: Ints
    bought_at: Ints
    day: Ints
    hour: Ints
    store: Ints
    currency: Ints
    net_minor: Numbers
    sticks: Numbers
    lines: Ints
    sold: Flags
    own: Flags
    currency_of: Ints
    starts: Ints

    def sums(self, values: Numbers, kept: Flags) -> Numbers:
        """Add up by customer what is kept."""
        return np.add.reduceat(np.where(kept, values, 0), self.starts)

    def how_many(self, kept: Flags) -> Ints:
        return self.sums(np.ones(len(kept), dtype=np.int64), kept)

    @property
    def customer(self) -> Ints:
        """Give for each document the place of its customer among those who have any."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.who)))


def _picked(column: Any, rows: Ints) -> Any:
    return column._replace(of=column.of[rows]) if isinstance(column, Codes) else column[rows]


def documents_of(purchases: Purchases) -> Documents:
    """Look at what comes customer by customer; of two newest of a moment the lower id says the currency."""
    p = purchases
    heads, starts, currency = np.cumsum(p.size) - p.size, starts_of(p.who), p.currency.of
    newest = np.lexsort((p.low, p.high, -p.bought_at, p.who))[starts]
    currency_of = currency[newest]
    return Documents(
        who=p.who,
        kind=p.kind,
        bought_at=p.bought_at,
        day=p.day,
        hour=p.hour,
        store=p.store.of,
        currency=currency,
        net_minor=np.add.reduceat(_fitting(p.net_minor), heads),
        sticks=np.add.reduceat(_fitting(p.sticks), heads),
        lines=p.size,
        sold=p.kind != RETURN,
        own=currency == np.repeat(currency_of, np.diff(starts, append=len(p.who))),
        currency_of=currency_of,
        starts=starts,
    )


def starts_of(*keys: Ints) -> Ints:
    """Give where groups begin, in rows that are sorted by the keys."""
    differs = np.zeros(len(keys[0]), dtype=np.bool_)
    differs[:1] = True
    for each in keys:
        differs[1:] |= each[1:] != each[:-1]
    return np.flatnonzero(differs)


def order_of(*keys: Ints) -> Ints:
    """Give the order of rows by keys, the first of which weighs most; equal ones stay as they come.

    Nearly always the keys fit into one number, which sorts three times as fast.
    """
    if not len(keys[0]):
        return np.zeros(0, dtype=np.int64)
    lows = [int(each.min()) for each in keys]
    spans = [int(each.max()) - low + 1 for each, low in zip(keys, lows, strict=True)]
    if prod(spans) >= _SAFE:
        return np.lexsort(keys[::-1])
    one = np.zeros(len(keys[0]), dtype=np.int64)
    for each, low, span in zip(keys, lows, spans, strict=True):
        one = one * span + (each - low)
    return np.argsort(one, kind="stable")


def sums_by(*keys: Ints, of: Ints) -> tuple[list[Ints], Numbers]:
    """Add up rows with the same keys; gives the keys in their order, and the sums."""
    order = order_of(*keys)
    ordered = [each[order] for each in keys]
    starts = starts_of(*ordered)
    return [each[starts] for each in ordered], np.add.reduceat(_fitting(of[order]), starts)


def _fitting(values: Ints) -> Numbers:
    """Give numbers whose sums are exact, in objects if they are so absurd that they might not fit."""
    fits = values.dtype == object or np.abs(values.astype(np.float64)).sum() < _SAFE
    return values if fits else values.astype(object)

"""Adds up what was sold, by what reports are by: sums are of whole numbers and exact."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from humidor_customers.arrays import Floats, Ints
from humidor_customers.market.axes import Prices
from humidor_customers.market.reading import Sold

_MOST_DENSE = 8_000_000
"""So many groups are told apart by their number; where there might be more, by sorting."""


class Groups(NamedTuple):
    """Which groups there are, by the codes of their parts and in their order, and whose each element is."""

    parts: Sequence[Ints]
    whose: Ints

    @property
    def size(self) -> int:
        return len(self.parts[0])

    def sum(self, values: Ints) -> Ints:
        sums = np.zeros(self.size, np.int64)
        np.add.at(sums, self.whose, values)
        return sums

    def weigh(self, values: Floats) -> Floats:
        return np.bincount(self.whose, values, self.size).astype(np.float64)


def group(*parts: tuple[Ints, int]) -> Groups:
    """Group elements by parts, each with how many codes of it there are."""
    shape = tuple(max(size, 1) for _, size in parts)
    names = np.ravel_multi_index(tuple(codes for codes, _ in parts), shape)
    total = int(np.prod(shape, dtype=np.float64))
    if total > _MOST_DENSE:
        found, whose = np.unique(names, return_inverse=True)
    else:
        there = np.zeros(total, bool)
        there[names] = True
        found = np.flatnonzero(there)
        numbers = np.zeros(total, np.int64)
        numbers[found] = np.arange(len(found))
        whose = numbers[names]
    return Groups(np.unravel_index(found, shape), whose)


class Named(NamedTuple):
    """What was sold, with the market and the group that each element is of."""

    sold: Sold
    within: Ints
    key: Ints
    withins: Sequence[str]
    keys: Sequence[str]

    @property
    def spans(self) -> tuple[Ints, int]:
        return self.sold.span, int(self.sold.span.max(initial=0)) + 1

    @property
    def currencies(self) -> tuple[Ints, int]:
        return self.sold.currency, len(self.sold.currencies)

    @property
    def markets(self) -> tuple[Ints, int]:
        return self.within, len(self.withins)

    @property
    def groups(self) -> tuple[Ints, int]:
        return self.key, len(self.keys)


class Valued(NamedTuple):
    """What the trade pays for cells; the last two are over what has a wholesale price (NaN: nothing has)."""

    cartons: Floats
    wholesale_minor: Floats
    priced_minor: Ints


class Cells(NamedTuple):
    """Sums by span, market, currency and group, in this order; labels are of the last three."""

    labels: tuple[Sequence[str], Sequence[str], Sequence[str]]
    valued: Valued | None
    span: Ints
    within: Ints
    currency: Ints
    key: Ints
    sticks: Ints
    net_minor: Ints
    sales: Ints
    left_out: Ints

    @property
    def size(self) -> int:
        return len(self.span)


def sum_cells(named: Named, prices: Prices | None) -> Cells:
    """Add up by span, market, currency and group, but for groups of which nothing is left."""
    markets = (named.spans, named.markets, named.currencies, named.groups)
    found = group(*markets)
    sold = named.sold
    figures = [found.sum(each) for each in (sold.sticks, sold.net_minor, sold.sales, sold.left_out)]
    left = (figures[0] != 0) | (figures[1] != 0) | (figures[3] != 0)
    valued = _value(named, prices, found) if prices else None
    return Cells(
        (named.withins, sold.currencies, named.keys),
        Valued(valued.cartons[left], valued.wholesale_minor[left], valued.priced_minor[left])
        if valued
        else None,
        *(each[left] for each in (*found.parts, *figures)),
    )


def _value(named: Named, prices: Prices, cells: Groups) -> Valued:
    sold = named.sold
    by_product = group((cells.whose, cells.size), (sold.product, len(prices.carton_sticks)))
    cell, product = by_product.parts
    currency = np.zeros(cells.size, np.int64)
    currency[cells.whose] = sold.currency
    names = {name: n for n, name in enumerate(sold.currencies)}
    known = np.array([names.get(each, -1) for each in prices.currency], np.int64)
    priced = known[product] == currency[cell]
    cartons = by_product.sum(sold.sticks) / prices.carton_sticks[product]
    wholesale = np.where(priced, cartons * prices.wholesale_minor[product], 0.0)
    net_minor = np.where(priced, by_product.sum(sold.net_minor), 0)
    in_cells = Groups(cells.parts, cell)
    some = in_cells.sum(priced.astype(np.int64)) > 0
    return Valued(
        in_cells.weigh(cartons),
        np.where(some, in_cells.weigh(wholesale), np.nan),
        in_cells.sum(net_minor),
    )


class Spread(NamedTuple):
    """Sums over stores by the codes of span, market, group and currency.

    `y` is what a store sold of the group and `x` of everything, in sticks; `v` is money. `stores`, `x_sold`
    and `v_sold` are of stores that sold some of it.
    """

    parts: Sequence[Ints]
    stores: Ints
    y: Floats
    x_sold: Floats
    v_sold: Floats
    yy: Floats
    xy: Floats


def spread(named: Named) -> tuple[Spread, Spread]:
    """Look at each store with sales: the sums of groups over them, and those of whole markets."""
    holders = (named.sold.holder, int(named.sold.holder.max(initial=0)) + 1)
    within = np.zeros(holders[1], np.int64)
    within[named.sold.holder] = named.within
    found = group(named.spans, holders, named.currencies, named.groups)
    y = found.sum(named.sold.sticks).astype(np.float64)
    span, holder, currency, _ = found.parts
    of_store = group((span, named.spans[1]), (holder, holders[1]), (currency, named.currencies[1]))
    whole = Groups((*of_store.parts, np.zeros(of_store.size, np.int64)), of_store.whose)
    x = of_store.weigh(y)
    v = of_store.weigh(found.sum(named.sold.net_minor).astype(np.float64))
    whose = of_store.whose
    return (
        _over_stores(named, within, found, (y, x[whose], v[whose])),
        _over_stores(named, within, whole, (x, x, v)),
    )


def _over_stores(named: Named, within: Ints, found: Groups, figures: tuple[Floats, Floats, Floats]) -> Spread:
    counted = figures[1] > 0
    y, x, v = (each[counted] for each in figures)
    span, holder, currency, key = (each[counted] for each in found.parts)
    markets = (within[holder], len(named.withins))
    rows = group((span, named.spans[1]), markets, (key, len(named.keys)), (currency, named.currencies[1]))
    sold = y > 0
    return Spread(
        rows.parts,
        rows.sum(sold.astype(np.int64)),
        rows.weigh(y),
        rows.weigh(np.where(sold, x, 0.0)),
        rows.weigh(np.where(sold, v, 0.0)),
        rows.weigh(y * y),
        rows.weigh(y * x),
    )


class Carried(NamedTuple):
    """By market and group: pairs of store and product, sold in span 0 and in any; and their products."""

    parts: Sequence[Ints]
    active: Ints
    carried: Ints
    active_products: Ints
    carried_products: Ints


def carry(named: Named) -> Carried:
    """Count pairs of store and product of which more was sold than came back, in one currency at least."""
    sold = named.sold
    holders = (sold.holder, int(sold.holder.max(initial=0)) + 1)
    products = (sold.product, int(sold.product.max(initial=0)) + 1)
    found = group(named.spans, holders, products, named.currencies)
    sticks = found.sum(sold.sticks)
    span, holder, product, _ = found.parts
    within, key = np.zeros(holders[1], np.int64), np.zeros(products[1], np.int64)
    within[sold.holder], key[sold.product] = named.within, named.key
    pairs = group((holder, holders[1]), (product, products[1]))
    carried = pairs.sum((sticks > 0).astype(np.int64)) > 0
    active = pairs.sum(((sticks > 0) & (span == 0)).astype(np.int64)) > 0
    holder, product = pairs.parts
    market = (within[holder], len(named.withins))
    rows = group(market, (key[product], len(named.keys)))
    by_product = group(market, (product, products[1]))
    row_of_product = group((by_product.parts[0], market[1]), (key[by_product.parts[1]], len(named.keys)))

    def count(pairs_counted: Ints) -> tuple[Ints, Ints]:
        some = (by_product.sum(pairs_counted) > 0).astype(np.int64)
        return rows.sum(pairs_counted), row_of_product.sum(some)

    (active_pairs, active_products), (all_pairs, all_products) = (
        count(each.astype(np.int64)) for each in (active, carried)
    )
    return Carried(rows.parts, active_pairs, all_pairs, active_products, all_products)

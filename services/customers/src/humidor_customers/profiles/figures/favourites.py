"""What customers buy most of, and at which prices."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from humidor_customers.arrays import Ints
from humidor_customers.profiles import rules
from humidor_customers.profiles.figures.lines import (
    SALE,
    Documents,
    Flags,
    Lines,
    order_of,
    starts_of,
    sums_by,
)

TOPS = 3
_EXACT = 2.0**53
_PARTS = 1000


class Goods(NamedTuple):
    """What the catalogue says of a product."""

    brand: str
    price_class: str | None
    pack_sticks: int
    price_minor: int | None
    currency: str | None


class Top(NamedTuple):
    """What weighs most for one customer, the greatest first, and the weight of all."""

    values: list[str]
    weights: list[int]
    total: int

    @property
    def share(self) -> float:
        return self.weights[0] / self.total


def brands(lines: Lines, goods: Mapping[str, Goods]) -> dict[int, Top]:
    """Give by customer the brands with most sticks, returns taken off."""
    return _of_lines(
        lines, [known.brand or None if (known := goods.get(n)) else None for n in lines.gtin.names]
    )


def price_classes(lines: Lines, goods: Mapping[str, Goods]) -> dict[int, Top]:
    return _of_lines(
        lines, [known.price_class if (known := goods.get(n)) else None for n in lines.gtin.names]
    )


def stores(documents: Documents, names: Sequence[str]) -> dict[int, Top]:
    """Give by customer the stores with most purchases."""
    sold = documents.sold
    ones = np.ones(int(sold.sum()), dtype=np.int64)
    return _tops(documents.who[sold], documents.store[sold], ones, names)


def _of_lines(lines: Lines, facets: Sequence[str | None]) -> dict[int, Top]:
    names = sorted({each for each in facets if each is not None})
    places = {name: n for n, name in enumerate(names)}
    places_of = np.array([-1 if each is None else places[each] for each in facets], dtype=np.int64)
    codes = places_of[lines.gtin.of]
    known = codes >= 0
    return _tops(lines.who[known], codes[known], lines.sticks[known], names)


def _tops(who: Ints, codes: Ints, weights: Ints, names: Sequence[str]) -> dict[int, Top]:
    """Find the greatest of each customer; of equal ones that whose name comes first."""
    if not len(who):
        return {}
    (whose, what), sums = sums_by(who, codes, of=weights)
    positive = sums > 0
    if not positive.any():
        return {}
    whose, what, sums = whose[positive], what[positive], sums[positive]
    order = order_of(whose, -sums)
    whose, what, sums = whose[order], what[order], sums[order]
    starts = starts_of(whose)
    sizes = np.diff(starts, append=len(whose))
    kept = np.arange(len(whose)) - np.repeat(starts, sizes) < TOPS
    values, heaviest = [names[code] for code in what[kept].tolist()], sums[kept].tolist()
    ends = np.cumsum(np.minimum(sizes, TOPS))
    spans = zip([0, *ends.tolist()], ends.tolist(), np.add.reduceat(sums, starts).tolist(), strict=False)
    tops = [Top(values[start:end], heaviest[start:end], total) for start, end, total in spans]
    return dict(zip(whose[starts].tolist(), tops, strict=True))


def price_sensitivities(lines: Lines, goods: Mapping[str, Goods]) -> dict[int, tuple[int, float]]:
    """Give by customer how many lines have a list price, and the share of their sticks bought below it."""
    listed = [_listed(goods.get(name)) for name in lines.gtin.names]
    places = {name: n for n, name in enumerate(lines.currency.names)}
    pack, price, currency = np.array(
        [(pack, price, places.get(currency, -1)) for pack, price, currency in listed], dtype=np.int64
    ).T
    of = lines.gtin.of
    kept = (lines.kind == SALE) & (lines.sticks > 0) & (price[of] > 0) & (currency[of] == lines.currency.of)
    if not kept.any():
        return {}
    who, sticks, product = lines.who[kept], lines.sticks[kept], of[kept]
    below = _below(lines.net_minor[kept], pack[product], sticks, price[product])
    (whose,), counts = sums_by(who, of=np.ones(len(who), dtype=np.int64))
    all_sticks, cheap = sums_by(who, of=sticks)[1], sums_by(who, of=np.where(below, sticks, 0))[1]
    rows = zip(whose.tolist(), counts.tolist(), cheap.tolist(), all_sticks.tolist(), strict=True)
    return {one: (count, part / whole) for one, count, part, whole in rows}


def _listed(known: Goods | None) -> tuple[int, int, str]:
    if known is None or not known.price_minor or not known.currency:
        return 1, 0, ""
    return known.pack_sticks, known.price_minor, known.currency


def _below(net_minor: Ints, pack: Ints, sticks: Ints, price: Ints) -> Flags:
    """Say which lines cost less than the list has it by more than what rounding does, to the last unit."""
    least = round(_PARTS * (1 - rules.DISCOUNT))
    paid = net_minor.astype(np.float64) * pack * _PARTS
    listed = sticks.astype(np.float64) * price * least
    found: Flags = paid < listed
    for n in np.flatnonzero(np.maximum(np.abs(paid), listed) >= _EXACT).tolist():
        found[n] = int(net_minor[n]) * int(pack[n]) * _PARTS < int(sticks[n]) * int(price[n]) * least
    return found

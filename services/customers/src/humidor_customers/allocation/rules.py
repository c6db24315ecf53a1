"""What a strategy of caps lets customers order, and what becomes of requests under it.

Everything is in sticks, on arrays: a row for each customer, a column for each product.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_common.sharing_arrays import Rule, Sticks, share_all

Mode: TypeAlias = Literal[
    "all", "market_type", "business_format", "trade_area", "sales_line", "tag", "retailer"
]
Mask: TypeAlias = npt.NDArray[np.bool_]

UNCAPPED = 2**62
"""Stands for "as much as you like" among caps."""

MODES: tuple[Mode, ...] = (
    "all",
    "market_type",
    "business_format",
    "trade_area",
    "sales_line",
    "tag",
    "retailer",
)
"""From the widest audience to the narrowest; of the lines that fit a customer the narrowest counts."""


class Line(NamedTuple):
    """Caps of one product or price segment for one audience.

    `caps` has one entry for each tier from 1 on, or a single one whatever the tier; None is no cap.
    """

    code: str
    mode: Mode
    audience: frozenset[str]
    caps: tuple[int | None, ...]


class Customer(NamedTuple):
    """What lines go by; `tier` is 0 for a customer without one."""

    retailer_id: str
    tier: int
    market_type: str
    business_format: str
    trade_area: str | None
    sales_line: str | None
    compliance_grade: str | None
    tags: Collection[str]


class Audience:
    """Customers as columns, so that a line finds its own at once."""

    def __init__(self, customers: Sequence[Customer], barred_grades: Collection[str] = ()) -> None:
        self.customers = customers
        self.tiers = np.array([each.tier for each in customers], dtype=np.int64)
        self.barred = np.array([each.compliance_grade in barred_grades for each in customers], dtype=bool)
        self._columns = {
            mode: np.array([str(getattr(each, mode)) for each in customers], dtype=object)
            for mode in ("market_type", "business_format", "trade_area", "sales_line")
        } | {"retailer": np.array([each.retailer_id for each in customers], dtype=object)}

    def caps(self, lines: Sequence[Line], *, otherwise: int) -> Sticks:
        """Give each customer's cap by lines about one product or segment.

        The narrowest audience that a customer is in decides; of two lines equally narrow, the larger cap.

        Args:
            lines: About one product or one segment.
            otherwise: For a customer whom no line names.
        """
        found = np.full(len(self.customers), otherwise, dtype=np.int64)
        depth = np.full(len(self.customers), -1, dtype=np.int64)
        for line in lines:
            own, rank = self._mask(line), MODES.index(line.mode)
            values = self._values(line)
            narrower = own & (rank > depth)
            larger = own & (rank == depth) & (values > found)
            found[narrower | larger] = values[narrower | larger]
            depth[own & (rank > depth)] = rank
        return found

    def _mask(self, line: Line) -> Mask:
        if line.mode == "all":
            return np.ones(len(self.customers), dtype=bool)
        if line.mode == "tag":
            return np.array([not line.audience.isdisjoint(each.tags) for each in self.customers], dtype=bool)
        column = self._columns[line.mode]
        found = np.zeros(len(column), dtype=bool)
        for value in line.audience:
            found |= column == value
        return found

    def _values(self, line: Line) -> Sticks:
        """A customer without a tier, or of one that the line does not know, has 0 by a line of tiers."""
        caps = np.array([UNCAPPED if cap is None else cap for cap in line.caps], dtype=np.int64)
        if len(caps) == 1:
            return np.full(len(self.customers), caps[0], dtype=np.int64)
        by_tier = np.concatenate(([0], caps))
        return by_tier[np.where(self.tiers < len(by_tier), self.tiers, 0)]


class Terms(NamedTuple):
    """What requests meet: caps of products (customers × products), totals of segments, and what there is.

    `segments` has the places of each segment's products and each customer's total; `supply` the sticks of the
    products (by place) that are short; `priorities` the rank of each customer, 1 first; `multiple` the sticks
    of a carton.
    """

    caps: Sticks
    segments: Sequence[tuple[Sequence[int], Sticks]]
    supply: Mapping[int, int]
    rule: Rule
    priorities: Sticks
    multiple: int


def order(terms: Terms, requested: Sticks) -> Sticks:
    """Cut requests (customers × products) to what caps and the totals of segments let through.

    Where a customer's requests of a segment exceed its total, each product is cut in proportion and the
    cartons that rounding leaves over go to the largest remainders: 6, 3 and 3 cartons under a total of 8 come
    to 4, 2 and 2.
    """
    ordered = np.minimum(requested, terms.caps)
    ordered -= ordered % terms.multiple
    for places, totals in terms.segments:
        part = ordered[:, places]
        over = np.flatnonzero(part.sum(axis=1) > totals)
        if len(over):
            cut = _cut(part[over] // terms.multiple, totals[over] // terms.multiple)
            ordered[over[:, None], np.asarray(places)] = cut * terms.multiple
    return ordered


def _cut(units: Sticks, totals: Sticks) -> Sticks:
    """Bring the sums of rows down to `totals`, in proportion, by the largest remainders."""
    sums = units.sum(axis=1)
    given, rest = np.divmod(units * totals[:, None], sums[:, None])
    left = totals - given.sum(axis=1)
    places = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    found: Sticks = given + ((places < left[:, None]) & (given < units))
    return found


def supply(terms: Terms, ordered: Sticks) -> Sticks:
    """Share what is short among those who ordered it; the rest is supplied as ordered."""
    supplied = ordered.copy()
    for place, sticks in terms.supply.items():
        supplied[:, place] = share_all(
            sticks, ordered[:, place], terms.rule, multiple=terms.multiple, priorities=terms.priorities
        )
    return supplied


class Cells(NamedTuple):
    """Numerators and denominators by tier × product; one array for each column of `allocation_cells`."""

    tiers: list[int]
    offered_customers: Sticks
    ordering_customers: Sticks
    capped_ordering_customers: Sticks
    full_customers: Sticks
    cap_sticks: Sticks
    capped_ordered_sticks: Sticks
    requested_sticks: Sticks
    ordered_sticks: Sticks
    supplied_sticks: Sticks


def count(tiers: Sticks, caps: Sticks, requested: Sticks, ordered: Sticks, supplied: Sticks) -> Cells:
    """Add up customers × products by tier; customers of one tier stand next to each other.

    A customer is offered what has a cap above 0 or none; orders in full who takes all that the cap allows.
    """
    starts = np.concatenate(([0], np.flatnonzero(np.diff(tiers)) + 1))
    capped = (caps > 0) & (caps < UNCAPPED)
    orders = ordered > 0

    def add(values: npt.NDArray[np.generic]) -> Sticks:
        return np.add.reduceat(values, starts, axis=0, dtype=np.int64)

    return Cells(
        tiers[starts].tolist(),
        add(caps > 0),
        add(orders),
        add(orders & capped),
        add(capped & (ordered == caps)),
        add(np.where(capped, caps, 0)),
        add(np.where(capped, ordered, 0)),
        add(requested),
        add(ordered),
        add(supplied),
    )

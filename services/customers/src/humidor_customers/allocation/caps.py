"""What customers may order in a cycle by the strategy that is published for it; `orders` asks here."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from humidor_common.db.pool import Connection
from humidor_common.sharing_arrays import Sticks
from humidor_customers.allocation import queries
from humidor_customers.allocation.rules import UNCAPPED, Audience, Line
from humidor_customers.catalogue import queries as catalogue


class Caps(NamedTuple):
    """What each of some customers may order in a cycle, in sticks; None is no cap and 0 "is not offered".

    Args:
        strategy_id: None where nothing is published for the cycle: then nothing is capped.
        products: By customer and product, of those that the strategy lists.
        unlisted: For every product that it does not list.
        segments: By customer and price segment: what all its products may come to together.
        segment_of: The price segment of a product, also of those that are not listed.
    """

    strategy_id: UUID | None
    products: Mapping[str, Mapping[str, int | None]]
    unlisted: int | None
    segments: Mapping[str, Mapping[str, int | None]]
    segment_of: Mapping[str, str]

    def of_product(self, retailer_id: str, gtin: str) -> int | None:
        """Give what a customer, of those that were asked for, may order of a product."""
        return self.products.get(retailer_id, {}).get(gtin, self.unlisted)

    def of_segment(self, retailer_id: str, price_segment: str) -> int | None:
        return self.segments.get(retailer_id, {}).get(price_segment)


NO_CAPS = Caps(None, {}, None, {}, {})


async def caps_of(
    conn: Connection,
    cycle_id: UUID,
    retailer_ids: Sequence[str],
    *,
    gtins: Collection[str] | None = None,
) -> Caps:
    """Read what these customers may order in a cycle: a handful of statements, whatever their number.

    With `gtins` of these products alone, and of every segment: an order of a few products is then answered
    in a tenth of the time.

    A customer who is not active, or whose compliance grade the strategy bars, may order none of it.
    """
    found = await queries.published(conn, cycle_id)
    return NO_CAPS if found is None else await caps_by(conn, found, retailer_ids, gtins)


async def caps_by(
    conn: Connection,
    strategy: Mapping[str, Any],
    retailer_ids: Sequence[str],
    gtins: Collection[str] | None = None,
) -> Caps:
    """Read what these customers may order by a strategy, published or not."""
    customers = await queries.customers(conn, strategy["scheme_code"], strategy["best_first"], retailer_ids)
    audience = Audience(customers, strategy["barred_grades"])
    lines = await load_lines(conn, strategy["strategy_id"], gtins)
    names = [each.retailer_id for each in customers]
    listed = {gtin: product_caps(audience, each) for gtin, each in lines.products.items()}
    totals = {code: audience.caps(each, otherwise=UNCAPPED) for code, each in lines.segments.items()}
    unknown: dict[str, dict[str, int | None]] = {
        each: dict.fromkeys(listed, 0) for each in set(retailer_ids).difference(names)
    }
    return Caps(
        strategy["strategy_id"],
        unknown | _by_customer(names, listed),
        None if strategy["unlisted"] == "free" else 0,
        _by_customer(names, totals),
        lines.segment_of,
    )


def product_caps(audience: Audience, lines: Sequence[Line]) -> Sticks:
    """Give each customer's cap of one product: whom no line names, or the grade bars, gets none of it."""
    return np.where(audience.barred, 0, audience.caps(lines, otherwise=0))


def _by_customer(names: Sequence[str], columns: Mapping[str, Sticks]) -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {name: {} for name in names}
    for code, column in columns.items():
        for name, cap in zip(names, column.tolist(), strict=True):
            found[name][code] = None if cap >= UNCAPPED else cap
    return found


class Lines(NamedTuple):
    """The lines of a strategy by what they are about."""

    products: Mapping[str, Sequence[Line]]
    segments: Mapping[str, Sequence[Line]]
    segment_of: Mapping[str, str]


async def load_lines(conn: Connection, strategy_id: UUID, gtins: Collection[str] | None = None) -> Lines:
    """Read the lines of a strategy, or those about some products and all segments.

    Customers that were merged stand for those that go on for them.
    """
    products: dict[str, list[Line]] = defaultdict(list)
    segments: dict[str, list[Line]] = defaultdict(list)
    own: dict[str, str] = {}
    rows = await queries.lines(conn, strategy_id, gtins)
    named = {each for row in rows if row["mode"] == "retailer" for each in row["audience"]}
    survivors = await queries.survivors(conn, named) if named else {}
    for row in rows:
        audience = frozenset(survivors.get(each, each) for each in row["audience"])
        line = Line(row["code"], row["mode"], audience, tuple(row["caps_sticks"]))
        (products if row["subject"] == "product" else segments)[row["code"]].append(line)
        if row["price_segment"] is not None:
            own[row["code"]] = row["price_segment"]
    offered = await catalogue.segments(conn) if gtins is None else {}
    return Lines(products, segments, offered | own)

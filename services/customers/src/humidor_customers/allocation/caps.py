"""What customers may order in a cycle by the strategy that is published for it; `orders` asks here."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np

from humidor_common.db.pool import Connection
from humidor_common.sharing_arrays import Sticks
from humidor_customers.allocation import queries
from humidor_customers.allocation.rules import UNCAPPED, Audience, Customer, Line
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
    retailer_ids: Collection[str],
    *,
    gtins: Collection[str] | Mapping[str, Collection[str]] | None = None,
) -> Caps:
    """Read what these customers may order in a cycle: one statement, whatever their number.

    With `gtins` of these products alone, the same for all or by customer, and of every segment: an order of
    a few products is then answered in a tenth of the time.

    A customer who is not active, or whose compliance grade the strategy bars, may order none of it.
    """
    found = await queries.published_for(conn, cycle_id, retailer_ids)
    if found is None:
        return NO_CAPS
    known = await _known(conn, found)
    lines = await _lines_about(conn, known.lines, gtins)
    own = gtins if isinstance(gtins, Mapping) else {}
    codes = {r: [code for code in own.get(r, lines.products) if code in lines.products] for r in retailer_ids}
    products: dict[str, Mapping[str, int | None]] = {r: dict.fromkeys(each, 0) for r, each in codes.items()}
    segments: dict[str, Mapping[str, int | None]] = {}
    for customer in found.customers:
        name = customer.retailer_id
        products[name] = {c: known.product_cap(c, lines.products[c], customer) for c in codes[name]}
        segments[name] = {c: known.segment_cap(c, each, customer) for c, each in lines.segments.items()}
    unlisted = None if found.unlisted == "free" else 0
    return Caps(found.strategy_id, products, unlisted, segments, lines.segment_of)


def product_caps(audience: Audience, lines: Sequence[Line]) -> Sticks:
    """Give each customer's cap of one product: whom no line names, or the grade bars, gets none of it."""
    return np.where(audience.barred, 0, audience.caps(lines, otherwise=0))


class Lines(NamedTuple):
    """The lines of a strategy by what they are about."""

    products: Mapping[str, Sequence[Line]]
    segments: Mapping[str, Sequence[Line]]
    segment_of: Mapping[str, str]

    def about(self, gtins: Collection[str]) -> "Lines":
        """Give those about some products, and all about segments."""
        listed = [gtin for gtin in gtins if gtin in self.products]
        own = {gtin: self.segment_of[gtin] for gtin in listed if gtin in self.segment_of}
        return Lines({gtin: self.products[gtin] for gtin in listed}, self.segments, own)


class _Known:
    """The lines of a published strategy, and what they have said of customers so far.

    Customers who are alike in all that the lines about something go by have the same cap of it.
    """

    def __init__(self, lines: Lines, barred_grades: Collection[str]) -> None:
        self.lines = lines
        self._barred_grades = barred_grades
        self._said: dict[tuple[object, ...], int | None] = {}

    def product_cap(self, gtin: str, lines: Sequence[Line], customer: Customer) -> int | None:
        barred = customer.compliance_grade in self._barred_grades
        return self._ask(("product", gtin, barred), lines, customer, product_caps)

    def segment_cap(self, code: str, lines: Sequence[Line], customer: Customer) -> int | None:
        return self._ask(("segment", code), lines, customer, _segment_totals)

    def _ask(
        self,
        about: tuple[object, ...],
        lines: Sequence[Line],
        customer: Customer,
        rule: Callable[[Audience, Sequence[Line]], Sticks],
    ) -> int | None:
        like = _like(customer, lines)
        if like is not None and (*about, *like) in self._said:
            return self._said[(*about, *like)]
        cap = int(rule(Audience([customer], self._barred_grades), lines)[0])
        said = None if cap >= UNCAPPED else cap
        if like is not None:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            self._said[(*about, *like)] = said
        return said


def _segment_totals(audience: Audience, lines: Sequence[Line]) -> Sticks:
    return audience.caps(lines, otherwise=UNCAPPED)


def _like(customer: Customer, lines: Sequence[Line]) -> tuple[object, ...] | None:
    """Give all of a customer that these lines go by; None where they name customers, who may be merged."""
    found: list[object] = [customer.tier]
    for line in lines:
        if line.mode == "retailer":
            return None
        if line.mode != "all":
            found.append(tuple(customer.tags) if line.mode == "tag" else getattr(customer, line.mode))
    return tuple(found)


_MOST_KEPT, _MOST_SAID = 4, 200_000
_kept: OrderedDict[tuple[UUID, int], _Known] = OrderedDict()


async def _known(conn: Connection, strategy: queries.Published) -> _Known:
    """Give what is known of a published strategy; this process reads it once, for it never changes again."""
    key = (strategy.strategy_id, strategy.version)
    found = _kept.get(key)
    if found is None:
        found = _Known(await _read_lines(conn, strategy.strategy_id), strategy.barred_grades)
    _kept[key] = found
    _kept.move_to_end(key)
    while len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return found


async def _lines_about(
    conn: Connection, lines: Lines, gtins: Collection[str] | Mapping[str, Collection[str]] | None
) -> Lines:
    if gtins is None:
        return await _with_offered(conn, lines)
    named = {gtin for each in gtins.values() for gtin in each} if isinstance(gtins, Mapping) else gtins
    return await _follow_merges(conn, lines.about(named))


async def load_lines(conn: Connection, strategy_id: UUID) -> Lines:
    """Read the lines of a strategy.

    Customers that were merged stand for those that go on for them.
    """
    return await _with_offered(conn, await _read_lines(conn, strategy_id))


async def _read_lines(conn: Connection, strategy_id: UUID) -> Lines:
    products: dict[str, list[Line]] = defaultdict(list)
    segments: dict[str, list[Line]] = defaultdict(list)
    own: dict[str, str] = {}
    for row in await queries.lines(conn, strategy_id):
        line = Line(row["code"], row["mode"], frozenset(row["audience"]), tuple(row["caps_sticks"]))
        (products if row["subject"] == "product" else segments)[row["code"]].append(line)
        if row["price_segment"] is not None:
            own[row["code"]] = row["price_segment"]
    return Lines(dict(products), dict(segments), own)


async def _with_offered(conn: Connection, lines: Lines) -> Lines:
    """Add the segments of all products, the strategy's own first, and follow merges."""
    offered = await catalogue.segments(conn)
    return (await _follow_merges(conn, lines))._replace(segment_of={**offered, **lines.segment_of})


async def _follow_merges(conn: Connection, lines: Lines) -> Lines:
    """Let those stand for merged customers who go on for them now."""
    every = [*lines.products.values(), *lines.segments.values()]
    named = {name for each in every for line in each if line.mode == "retailer" for name in line.audience}
    survivors = await queries.survivors(conn, named) if named else {}
    if not survivors:
        return lines

    def followed(groups: Mapping[str, Sequence[Line]]) -> dict[str, list[Line]]:
        return {
            code: [
                line._replace(audience=frozenset(survivors.get(name, name) for name in line.audience))
                if line.mode == "retailer"
                else line
                for line in each
            ]
            for code, each in groups.items()
        }

    return lines._replace(products=followed(lines.products), segments=followed(lines.segments))

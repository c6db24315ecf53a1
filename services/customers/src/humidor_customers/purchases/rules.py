"""What of the facts of tills and of delivered orders is a purchase: sticks, and time by the store's clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from humidor_common.clock import zone_of
from humidor_common.events.pos import SaleRecorded, SaleReturned

MOST_MINOR = 10**15
"""What a line can come to at most, in minor units: an absurd one must not break the sums it is part of."""
USUAL = (20, 200, 10_000)
"""Sticks of a pack, carton and case of a product that nobody has told of."""


class Line(NamedTuple):
    """One line as it was told; `net_minor` is quantity times price."""

    line: int
    gtin: str
    quantity: int
    unit: str
    net_minor: int


class Document(NamedTuple):
    """A sale, return or order; the lines of a return count as less than nothing."""

    document_id: UUID
    kind: str
    sale_id: UUID | None
    party_kind: str | None
    party_id: str | None
    bought_at: datetime
    store_id: str
    currency: str
    lines: Sequence[Line]


class Product(NamedTuple):
    """What a number on a line stands for: a product, or one of its units, with its factors."""

    gtin: str
    own_unit: str | None
    pack_sticks: int
    carton_sticks: int
    case_sticks: int

    def factor(self, unit: str) -> int:
        unit = self.own_unit or unit
        if unit == "pack":
            return self.pack_sticks
        return self.carton_sticks if unit == "carton" else self.case_sticks if unit == "case" else 1


class Known(NamedTuple):
    """Time zones of stores and products by number, as far as anybody has told of them."""

    zones: Mapping[str, str]
    products: Mapping[str, Product]


COLUMNS = (
    *("document_id", "sale_id", "bought_at", "quantity", "sticks", "net_minor", "line", "local_day"),
    *("local_hour", "provisional", "kind", "party_kind", "party_id", "store_id", "gtin", "unit", "currency"),
)
Row: TypeAlias = tuple[Any, ...]
"""A line in the order of `COLUMNS`."""


class Taken(NamedTuple):
    """Lines as they are written, and whose and which days' they are."""

    rows: list[Row]
    days: set[tuple[str, date]]
    parties: set[tuple[str, str]]


def document_of(event: SaleRecorded | SaleReturned) -> Document:
    head: tuple[UUID, str, UUID | None]
    if isinstance(event, SaleRecorded):
        head = (event.sale_id, "sale", None)
        moment = event.sold_at
    else:
        head = (event.return_id, "return", event.sale_id)
        moment = event.returned_at
    member_id = event.member_id or None
    party_kind = "consumer" if member_id else None
    lines = [
        Line(each.line, each.gtin.zfill(14), each.quantity, each.unit, each.quantity * each.unit_price)
        for each in event.lines
    ]
    return Document(*head, party_kind, member_id, moment, event.store_id, event.currency, lines)


def _local(moment: datetime, zone: str | None) -> tuple[date, int]:
    """Give day and hour by a store's clock; at the ends of the calendar by UTC."""
    try:
        moment = moment.astimezone(zone_of(zone or "UTC"))
    except OverflowError:
        moment = moment.astimezone(UTC)
    return moment.date(), moment.hour


def rows_of(documents: Iterable[Document], known: Known) -> Taken:
    """Give the rows of documents.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally. A million documents come by in
    a row, so this goes over each of them once.
    """
    taken = Taken([], set(), set())
    zones, products = known
    for document_id, kind, sale_id, party_kind, party_id, bought_at, store_id, currency, lines in documents:
        zone = zones.get(store_id)
        day, hour = _local(bought_at, zone)
        sign = -1 if kind == "return" else 1
        head, tail = (document_id, sale_id, bought_at), (kind, party_kind, party_id, store_id)
        for line, gtin, told, unit, money in lines:
            product = products.get(gtin)
            of = product or Product(gtin, None, *USUAL)
            quantity = sign * told
            sticks, net_minor = quantity * of.factor(unit), sign * min(money, MOST_MINOR)
            when = (line, day, hour, zone is None or product is None)
            taken.rows.append((*head, quantity, sticks, net_minor, *when, *tail, of.gtin, unit, currency))
        if lines:
            taken.days.add((store_id, day))
            if party_kind and party_id:
                taken.parties.add((party_kind, party_id))
    return taken

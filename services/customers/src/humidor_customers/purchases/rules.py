"""What of the facts of tills and of delivered orders is a purchase: sticks, and time by the store's clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.clock import zone_of
from humidor_common.events.pos import SaleLine, SaleRecorded, SaleReturned

MOST_MINOR = 10**15
"""What a line can come to at most, in minor units: an absurd one must not break the sums it is part of."""


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


class Row(NamedTuple):
    """A line in the order of the columns it is written to."""

    document_id: UUID
    sale_id: UUID | None
    bought_at: datetime
    quantity: int
    sticks: int
    net_minor: int
    line: int
    local_day: date
    local_hour: int
    provisional: bool
    kind: str
    party_kind: str | None
    party_id: str | None
    store_id: str
    gtin: str
    unit: str
    currency: str


def document_of(event: SaleRecorded | SaleReturned) -> Document:
    sold = isinstance(event, SaleRecorded)
    return Document(
        document_id=event.sale_id if isinstance(event, SaleRecorded) else event.return_id,
        kind="sale" if sold else "return",
        sale_id=None if sold else event.sale_id,
        party_kind="consumer" if event.member_id else None,
        party_id=event.member_id or None,
        bought_at=event.sold_at if isinstance(event, SaleRecorded) else event.returned_at,
        store_id=event.store_id,
        currency=event.currency,
        lines=[_line(each) for each in event.lines],
    )


def _line(line: SaleLine) -> Line:
    money = min(line.quantity * line.unit_price, MOST_MINOR)
    return Line(line.line, line.gtin.zfill(14), line.quantity, line.unit, money)


def _local(moment: datetime, zone: str | None) -> tuple[date, int]:
    """Give day and hour by a store's clock; at the ends of the calendar by UTC."""
    try:
        moment = moment.astimezone(zone_of(zone or "UTC"))
    except OverflowError:
        moment = moment.astimezone(UTC)
    return moment.date(), moment.hour


def rows_of(documents: Iterable[Document], known: Known) -> Iterator[Row]:
    """Give the rows of documents.

    Three packs of 20 at 2,500 that came back are -60 sticks and -7,500. A product or store that is not known
    counts with the usual factors (20, 10 and 50) and in UTC, provisionally.
    """
    for each in documents:
        zone = known.zones.get(each.store_id)
        when = _local(each.bought_at, zone)
        sign = -1 if each.kind == "return" else 1
        for line in each.lines:
            product = known.products.get(line.gtin)
            of = product or Product(line.gtin, None, 20, 200, 10_000)
            quantity = sign * line.quantity
            yield Row(
                each.document_id,
                each.sale_id,
                each.bought_at,
                quantity,
                quantity * of.factor(line.unit),
                sign * line.net_minor,
                line.line,
                *when,
                zone is None or product is None,
                each.kind,
                each.party_kind,
                each.party_id,
                each.store_id,
                of.gtin,
                line.unit,
                each.currency,
            )

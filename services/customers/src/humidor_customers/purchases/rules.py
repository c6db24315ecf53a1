"""What of the facts of tills and of delivered orders is a purchase: sticks, and time by the store's clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from humidor_common.clock import zone_of
from humidor_common.events.pos import SaleRecorded, SaleReturned

MOST_MINOR = 10**15
"""What a line can come to at most, in minor units: an absurd one must not break the sums it is part of."""
UNITS = ("stick", "pack", "carton", "case")
USUAL = (20, 200, 10_000)
"""Sticks of a pack, carton and case of a product that nobody has told of."""


Line: TypeAlias = tuple[int, str, int, str, int]
"""One line as it was told: its place, the number on it, quantity, unit, and quantity times price."""


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
    """What a number on a line stands for: a product, and how many sticks each unit of it is."""

    gtin: str
    sticks: Mapping[str, int]

    @classmethod
    def of(cls, gtin: str, own_unit: str | None, factors: Sequence[int]) -> "Product":
        """Take the factors of a product; the number of one of its units stands for that unit alone.

        Example:
            `Product.of("0691", "carton", (20, 200, 10_000))` has 200 sticks, whatever unit a line names.
        """
        sticks = dict(zip(UNITS, (1, *factors), strict=True))
        return cls(gtin, dict.fromkeys(UNITS, sticks.get(own_unit, 1)) if own_unit else sticks)


class Known(NamedTuple):
    """Time zones of stores and products by number, as far as anybody has told of them."""

    zones: Mapping[str, str]
    products: Mapping[str, Product]


HEAD = (
    *("document_id", "sale_id", "bought_at", "local_day", "local_hour", "kind", "party_kind", "party_id"),
    *("store_id", "currency"),
)
OF_LINE = ("quantity", "sticks", "net_minor", "line", "provisional", "gtin", "unit")
COLUMNS = (*HEAD, *OF_LINE)

Row: TypeAlias = tuple[Any, ...]
"""What all lines of a document share, in the order of `HEAD`; or one line, in that of `OF_LINE`."""


class Taken(NamedTuple):
    """Documents as they are written, each with its lines, and whose and which days' they are."""

    documents: list[tuple[Row, list[Row]]]
    days: set[tuple[str, date]]
    parties: set[tuple[str, str]]


def document_of(event: SaleRecorded | SaleReturned) -> Document:
    lines = [
        (each.line, each.gtin.zfill(14), each.quantity, each.unit, each.quantity * each.unit_price)
        for each in event.lines
    ]
    member_id = event.member_id or None
    party_kind = "consumer" if member_id else None
    if isinstance(event, SaleRecorded):
        head = (event.sale_id, "sale", None, party_kind, member_id, event.sold_at)
        return Document(*head, event.store_id, event.currency, lines)
    back = (event.return_id, "return", event.sale_id, party_kind, member_id, event.returned_at)
    return Document(*back, event.store_id, event.currency, lines)


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
    rows, days, parties = taken
    zones, products = known
    usual = Product.of("", None, USUAL).sticks
    for document_id, kind, sale_id, party_kind, party_id, bought_at, store_id, currency, lines in documents:
        zone = zones.get(store_id)
        day, hour = _local(bought_at, zone)
        sign = -1 if kind == "return" else 1
        found: list[Row] = []
        for line, told_gtin, told, unit, money in lines:
            product = products.get(told_gtin)
            gtin, factors = product or (told_gtin, usual)
            quantity, net_minor = sign * told, sign * min(money, MOST_MINOR)
            sticks, provisional = quantity * factors.get(unit, 1), zone is None or product is None
            found.append((quantity, sticks, net_minor, line, provisional, gtin, unit))
        if found:
            whose = (kind, party_kind, party_id, store_id, currency)
            rows.append(((document_id, sale_id, bought_at, day, hour, *whose), found))
            days.add((store_id, day))
            if party_kind and party_id:
                parties.add((party_kind, party_id))
    return taken

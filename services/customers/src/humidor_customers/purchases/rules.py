"""What of the facts of tills and of delivered orders is a purchase: sticks, and time by the store's clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

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


def document_of(event: SaleRecorded | SaleReturned) -> Document:
    lines = [
        (each.line, each.gtin.zfill(14), each.quantity, each.unit, each.quantity * each.unit_price)
        for each in event.lines
    ]
    member_id = event.member_id or None
    whose = "consumer" if member_id else None
    store_id, currency = event.store_id, event.currency
    if isinstance(event, SaleRecorded):
        return Document(
            event.sale_id, "sale", None, whose, member_id, event.sold_at, store_id, currency, lines
        )
    sale_id, at = event.sale_id, event.returned_at
    return Document(event.return_id, "return", sale_id, whose, member_id, at, store_id, currency, lines)

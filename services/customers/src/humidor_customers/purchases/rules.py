"""What of the facts of tills and of delivered orders is a purchase."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.events.pos import SaleLine, SaleRecorded, SaleReturned

MOST_MINOR = 10**15
"""What a line can come to at most, in minor units: an absurd one must not break the sums it is part of."""


class Line(NamedTuple):
    """One line as it was told; a return has negative quantity and money. In the order of the statement."""

    document_id: UUID
    line: int
    bought_at: datetime
    kind: str
    sale_id: UUID | None
    party_kind: str | None
    party_id: str | None
    store_id: str
    gtin: str
    quantity: int
    unit: str
    net_minor: int
    currency: str


def lines_of(event: SaleRecorded | SaleReturned) -> list[Line]:
    """Give the lines of a sale or return.

    Three packs at 2,500 that came back are -3 packs and -7,500.
    """
    if isinstance(event, SaleRecorded):
        head = (event.sale_id, event.sold_at, "sale", None)
        sign = 1
    else:
        head = (event.return_id, event.returned_at, "return", event.sale_id)
        sign = -1
    document_id, at, kind, sale_id = head
    party = ("consumer", event.member_id) if event.member_id else (None, None)
    return [
        Line(
            document_id,
            each.line,
            at,
            kind,
            sale_id,
            *party,
            event.store_id,
            each.gtin.zfill(14),
            sign * each.quantity,
            each.unit,
            sign * _money(each),
            event.currency,
        )
        for each in event.lines
    ]


def _money(line: SaleLine) -> int:
    return min(line.quantity * line.unit_price, MOST_MINOR)

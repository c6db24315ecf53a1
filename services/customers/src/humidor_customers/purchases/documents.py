"""Sales, returns and orders by columns; what many of their lines say stands there once.

A million of them come by in a row: no object is made for one, and what is done is done by column.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import chain, compress
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from humidor_common.events.pos import SaleRecorded, SaleReturned
from humidor_customers.arrays import numbered

_said_by = attrgetter("line", "gtin", "quantity", "unit", "unit_price")


class Line(NamedTuple):
    """What a line says: its place, the number on it, quantity, unit, and what all of it comes to."""

    line: int
    number: str
    quantity: int
    unit: str
    money: int


class Documents(NamedTuple):
    """A list a column, with a place for each document; `size` says how many lines it has.

    `of` has a place for each line, document by document: where in `lines` stands what it says.
    """

    document_id: list[UUID]
    kind: list[str]
    sale_id: list[UUID | None]
    party_kind: list[str | None]
    party_id: list[str | None]
    bought_at: list[datetime]
    store_id: list[str]
    currency: list[str]
    size: list[int]
    of: list[int]
    lines: list[Line]

    def parties(self, kind: str) -> list[str]:
        """Name customers of a kind whose documents these are, each once, in order."""
        named = set(compress(self.party_id, [each == kind for each in self.party_kind]))
        return sorted(each for each in named if each)

    def without(self, members: Collection[str]) -> "Documents":
        """Give the same as nobody's where they are one of these members'."""
        if not members:
            return self
        whose = [
            (None, None) if kind == "consumer" and each in members else (kind, each)
            for kind, each in zip(self.party_kind, self.party_id, strict=True)
        ]
        return self._replace(party_kind=[each[0] for each in whose], party_id=[each[1] for each in whose])


def of_sales(events: Sequence[SaleRecorded]) -> Documents:
    told = [each for each in events if each.lines]
    return _of_tills(
        "sale",
        [each.sale_id for each in told],
        [None] * len(told),
        [each.member_id or None for each in told],
        [each.sold_at for each in told],
        told,
    )


def of_returns(events: Sequence[SaleReturned]) -> Documents:
    told = [each for each in events if each.lines]
    return _of_tills(
        "return",
        [each.return_id for each in told],
        [each.sale_id for each in told],
        [each.member_id or None for each in told],
        [each.returned_at for each in told],
        told,
    )


def together(parts: Iterable[Documents]) -> Documents:
    """Give all of some documents as one."""
    shifted, shift = [], 0
    for part in parts:
        shifted.append(part._replace(of=[shift + each for each in part.of]))
        shift += len(part.lines)
    return Documents(*(list(chain.from_iterable(columns)) for columns in zip(*shifted, strict=True)))


def _of_tills(
    kind: str,
    document_id: list[UUID],
    sale_id: list[UUID | None],
    members: list[str | None],
    bought_at: list[datetime],
    told: Sequence[SaleRecorded | SaleReturned],
) -> Documents:
    of, lines = numbered(map(_said_by, chain.from_iterable([each.lines for each in told])))
    return Documents(
        document_id=document_id,
        kind=[kind] * len(told),
        sale_id=sale_id,
        party_kind=["consumer" if each else None for each in members],
        party_id=members,
        bought_at=bought_at,
        store_id=[each.store_id for each in told],
        currency=[each.currency for each in told],
        size=[len(each.lines) for each in told],
        of=of,
        lines=[
            Line(place, number.zfill(14), quantity, unit, quantity * price)
            for place, number, quantity, unit, price in lines
        ],
    )

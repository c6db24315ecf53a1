"""Puts rows together into the documents that go to the APIs: sales, returns, adjustments."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal

import msgspec

from humidor_cli.replay.numbers import to_minor
from humidor_cli.replay.reasons import reason_code
from humidor_cli.replay.rows import Row
from humidor_cli.replay.rules import gtin_of, member_of

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:humidor:replay")
LINES_MAX = 500

DocumentKind = Literal["sale", "return", "void", "adjustment"]
LinkKey = tuple[str, str]


class Document(msgspec.Struct):
    """One request's worth: its id is made from the file alone, so sending it again changes nothing."""

    kind: DocumentKind
    document_id: str
    store_id: str
    moment: str
    body: dict[str, Any]
    rows: int
    linked: bool = False


class Group(msgspec.Struct):
    """Rows that stand together under one sale number; `segment` counts where the same number comes back."""

    rows: list[Row]
    segment: int

    @property
    def first(self) -> Row:
        return self.rows[0]


def groups(rows: Iterable[Row]) -> Iterator[Group]:
    """Cut the rows where the sale's number (or, without one, the moment), customer or store changes."""
    seen: Counter[int] = Counter()
    current: list[Row] = []
    current_key: tuple[str, ...] = ()
    for row in rows:
        key = (row.sale or row.time_text, row.customer, row.store_id)
        if current and key != current_key:
            yield Group(current, seen[hash(current_key)] - 1)
            current = []
        if not current:
            current_key = key
            seen[hash(key)] += 1
        current.append(row)
    if current:
        yield Group(current, seen[hash(current_key)] - 1)


class _Sold(msgspec.Struct):
    sale_id: str
    store_id: str
    left: int


class Builder:
    """Makes documents in the order of the file.

    It remembers what was sold to whom only for the customers and products that some return names
    (`returned`), because a return is linked to the latest sale of them from which that much can come back.
    """

    def __init__(self, source: str, returned: Collection[LinkKey]) -> None:
        self._source = source
        self._returned = returned
        self._sold: dict[LinkKey, list[_Sold]] = {}

    def build(self, group: Group) -> Iterator[Document]:
        """Make the documents of one group: its sale in parts, its returns by the sale they belong to."""
        sold = [row for row in group.rows if row.movement.kind == "sale"]
        returned = [row for row in group.rows if row.movement.kind == "return"]
        adjusted = [row for row in group.rows if row.movement.kind == "adjustment"]
        for part, rows in enumerate(_parts(sold)):
            yield self._sale(group, part, rows)
        by_sale: dict[str | None, list[Row]] = {}
        for row in returned:
            by_sale.setdefault(self._sale_of(row), []).append(row)
        for sale_id, rows in by_sale.items():
            for part, some in enumerate(_parts(rows)):
                yield self._return(group, part, some, sale_id)
        for place, row in enumerate(adjusted):
            yield self._adjustment(group, place, row)

    def _id(self, group: Group, *more: object) -> str:
        first = group.first
        name = (
            self._source,
            first.sale,
            first.time_text,
            first.customer,
            first.store_id,
            group.segment,
            *more,
        )
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(map(str, name))))

    def _sale(self, group: Group, part: int, rows: list[Row]) -> Document:
        sale_id = self._id(group, "sale", part)
        for row in rows:
            key = (row.customer, row.product)
            if row.customer and key in self._returned:
                self._sold.setdefault(key, []).append(_Sold(sale_id, row.store_id, row.movement.units))
        body = {"sale_id": sale_id, **_shared(rows, "sold_at"), "member_id": member_of(rows[0].customer)}
        return Document("sale", sale_id, rows[0].store_id, body["sold_at"], body, len(rows))

    def _return(self, group: Group, part: int, rows: list[Row], sale_id: str | None) -> Document:
        return_id = self._id(group, "return", sale_id, part)
        body = {
            "return_id": return_id,
            "sale_id": sale_id,
            **_shared(rows, "returned_at"),
            "member_id": member_of(rows[0].customer),
            "reason": _reason_text(rows[0]),
            "restock": True,
        }
        store_id, moment = rows[0].store_id, body["returned_at"]
        return Document("return", return_id, store_id, moment, body, len(rows), linked=sale_id is not None)

    def _adjustment(self, group: Group, place: int, row: Row) -> Document:
        adjustment_id = self._id(group, "adjustment", place)
        moment = _moment(row)
        body = {
            "store_id": row.store_id,
            "gtin": gtin_of(row.product),
            "lot": write_off_lot(self._source),
            "quantity": row.movement.units,
            "unit": "pack",
            "reason_code": reason_code(row.description),
            "note": _clean(f"{row.sale} {row.description}")[:200] or None,
        }
        return Document("adjustment", adjustment_id, row.store_id, moment, body, 1)

    def _sale_of(self, row: Row) -> str | None:
        if not row.customer:
            return None
        for sold in reversed(self._sold.get((row.customer, row.product), ())):
            if sold.left >= row.movement.units and sold.store_id == row.store_id:
                sold.left -= row.movement.units
                return sold.sale_id
        return None


def write_off_lot(source: str) -> str:
    """Name the lot that write-offs are taken from; sales take it last, because it has no expiry date."""
    return f"OPENING-{source}-W"


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut into documents of one currency and at most 500 lines."""
    by_currency: dict[str, list[Row]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    for same in by_currency.values():
        for start in range(0, len(same), LINES_MAX):
            yield same[start : start + LINES_MAX]


def _shared(rows: list[Row], moment_name: str) -> dict[str, Any]:
    first = rows[0]
    lines: list[dict[str, Any]] = [
        {
            "line": number,
            "gtin": gtin_of(row.product),
            "quantity": row.movement.units,
            "unit": "pack",
            "unit_price": to_minor(row.price, row.currency),
        }
        for number, row in enumerate(rows, start=1)
    ]
    total = sum(line["quantity"] * line["unit_price"] for line in lines)
    return {
        "store_id": first.store_id,
        moment_name: _moment(first),
        "currency": first.currency,
        "lines": lines,
        "payments": [{"method": "other", "amount": total}] if total else [],
    }


def _moment(row: Row) -> str:
    if row.moment is None:
        raise ValueError(f"row {row.number} has no moment and must not become a document")
    return row.moment.isoformat()


def _reason_text(row: Row) -> str:
    return _clean(f"return {row.sale}")[:200].strip()


def _clean(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()

"""Writes discrepancies in the transaction that found them, and counts them for the supplier."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_inventory.discrepancies.schemas import DiscrepancyKind
from humidor_inventory.scorecards.rules import Counts

_WRITE = """
INSERT INTO discrepancies (discrepancy_id, store_id, supplier_id, purchase_order_id, receipt_id, gtin, lot,
                           kind, expected, actual, note, state, recorded_at, recorded_by)
SELECT (e->>0)::uuid, $2, $3, $4, $5, e->>1, e->>2, e->>3, (e->>4)::bigint, (e->>5)::bigint, e->>6, 'open',
       $6, $7
FROM jsonb_array_elements($1::jsonb) e
"""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A difference that was just found; figures as in `DiscrepancyView`."""

    kind: DiscrepancyKind
    gtin: str
    lot: str | None = None
    expected: int
    actual: int
    note: str | None = None

    @property
    def size(self) -> int:
        return abs(self.expected - self.actual)


async def record_discrepancies(
    conn: Connection, order: Any, receipt_id: UUID | None, found: Sequence[Found], *, by: tuple[str, datetime]
) -> None:
    """Write what was found about an order (a row); `by` is who and when."""
    if not found:
        return
    rows = [(uuid7(), f.gtin, f.lot, f.kind, f.expected, f.actual, f.note) for f in found]
    owner = (order["store_id"], order["supplier_id"], order["purchase_order_id"], receipt_id)
    actor, now = by
    await conn.execute(_WRITE, rows, *owner, now, actor)


def counted(found: Sequence[Found]) -> Counts:
    """Add up what was found for the supplier's month."""

    def sticks(kind: DiscrepancyKind) -> int:
        return sum(each.size for each in found if each.kind == kind)

    return Counts(
        short_sticks=sticks("short"),
        over_sticks=sticks("over"),
        wrong_product_sticks=sticks("wrong_product"),
        damaged_sticks=sticks("damaged"),
        price_differences=sum(each.kind == "price" for each in found),
    )

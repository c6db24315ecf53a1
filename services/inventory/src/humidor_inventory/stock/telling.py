"""Tells of lots what tills must know: which expire when, which are held, and whether any of them is left."""

from collections.abc import Collection
from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import LotChanged
from humidor_common.messaging import outbox

LotKey = tuple[str, str, str]

_COUNT = """
UPDATE lot_stock l SET version = l.version + 1 FROM jsonb_array_elements($1::jsonb) e
WHERE l.store_id = e->>0 AND l.gtin = e->>1 AND l.lot = e->>2
  AND (l.version > 0 OR l.held OR l.expiry_date IS NOT NULL)
RETURNING l.store_id, l.gtin, l.lot, l.expiry_date, l.held, l.held_since, l.on_hand_sticks > 0 AS in_stock,
          l.version
"""


async def tell_lots(conn: Connection, lots: Collection[LotKey], *, now: datetime) -> None:
    """Tell how these lots are now; their stores are locked, so versions and events come in one order.

    A lot that never expires and was never held is sold like any other: nothing is told of it.
    """
    if not lots:
        return
    rows = await conn.fetch(_COUNT, sorted(lots))
    await outbox.append(
        conn,
        [
            LotChanged(lot_id="/".join((row["store_id"], row["gtin"], row["lot"])), **row, changed_at=now)
            for row in rows
        ],
    )

"""Follows a lot from where it came from to where it went, in one statement."""

from datetime import UTC, datetime

from humidor_common.db.pool import Connection
from humidor_inventory.movements.lot_schemas import TraceEntry

# The ledger is read by its primary key from each store where the lot has been. It has no index by lot of its
# own: every sale would pay for that one, and a lot is looked into now and then.
TRACE = """
WITH RECURSIVE later(lot) AS (
    SELECT $2::text COLLATE "C" UNION
    SELECT c.to_lot FROM lot_changes c JOIN later ON c.gtin = $1 AND c.from_lot = later.lot WHERE $4
), earlier(lot) AS (
    SELECT $2::text COLLATE "C" UNION
    SELECT c.from_lot FROM lot_changes c JOIN earlier ON c.gtin = $1 AND c.to_lot = earlier.lot WHERE $4
), places AS (
    SELECT store_id, lot FROM lot_stock
    WHERE gtin = $1 AND lot IN (SELECT lot FROM later UNION SELECT lot FROM earlier)
      AND ($3::text[] IS NULL OR store_id = ANY($3))
), steps AS (
    SELECT e.* FROM places p CROSS JOIN LATERAL (
        SELECT entry_id, store_id, lot, bucket, delta_sticks, reason, explanation, source_id, line,
               occurred_at, recorded_at
        FROM stock_ledger
        WHERE store_id = p.store_id AND gtin = $1 AND lot = p.lot AND (recorded_at, entry_id) > ($5, $6)
        ORDER BY recorded_at, entry_id LIMIT $7) e
    ORDER BY recorded_at, entry_id LIMIT $7
)
SELECT s.*, CASE s.reason WHEN 'transfer_out' THEN t.to_store_id ELSE t.from_store_id END AS other_store_id,
       nullif(tp.lost_sticks, 0) AS lost_sticks,
       CASE s.lot WHEN c.from_lot THEN c.to_lot ELSE c.from_lot END AS other_lot,
       r.purchase_order_id, coalesce(a.reason_code, w.reason_code) AS reason_code,
       coalesce(a.note, w.evidence, c.reason, t.note) AS note
FROM steps s
LEFT JOIN transfers t ON s.reason IN ('transfer_out', 'transfer_in') AND t.transfer_id = s.source_id
LEFT JOIN transfer_parcels tp ON tp.transfer_id = t.transfer_id AND tp.gtin = $1 AND tp.lot = s.lot
LEFT JOIN lot_changes c ON s.reason IN ('split', 'merge') AND c.change_id = s.source_id AND c.part = s.line
LEFT JOIN receipts r ON s.reason = 'receipt' AND r.receipt_id = s.source_id
LEFT JOIN adjustments a ON s.reason = 'adjustment' AND a.adjustment_id = s.source_id
LEFT JOIN write_offs w ON s.reason = 'write_off' AND w.write_off_id = s.source_id
ORDER BY s.recorded_at, s.entry_id
"""
START = (datetime(1, 1, 2, tzinfo=UTC), 0)


async def trace_lot(  # noqa: PLR0913 - a lot, who may see it, and the page
    conn: Connection,
    gtin: str,
    lot: str,
    visible: list[str] | None,
    *,
    follow: bool,
    after: tuple[datetime, int],
    limit: int,
) -> list[TraceEntry]:
    """Read the steps of a lot, the oldest first; `follow` takes in the lots it came from and went into."""
    rows = await conn.fetch(TRACE, gtin, lot, visible, follow, *after, limit)
    return [TraceEntry(**row) for row in rows]

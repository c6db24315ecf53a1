"""Statements over what opening stock needs to know."""

from collections.abc import Collection, Sequence

from humidor_common.db.pool import Connection
from humidor_inventory.imports.rules import LotDates

Lot = tuple[str, str, str]

# A store has few opening receipts; the partial index finds them without its purchases of all years.
_OPENED = """
SELECT r.store_id, l.gtin, l.lot, sum(l.quantity_sticks)::bigint
FROM receipts r JOIN receipt_lines l USING (receipt_id)
WHERE r.kind = 'opening' AND r.store_id = ANY($1::text[])
GROUP BY 1, 2, 3
"""
_LOT_DATES = """
SELECT l.* FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL (
    SELECT store_id, gtin, lot, production_date, expiry_date FROM lot_stock
    WHERE store_id = e->>0 AND gtin = e->>1 AND lot = e->>2 OFFSET 0) l
"""


async def load_opened(conn: Connection, lots: Sequence[Lot]) -> dict[Lot, int]:
    """Load the sticks that were booked as opening stock, of those lots that were."""
    asked = set(lots)
    rows = await conn.fetch(_OPENED, sorted({store_id for store_id, _, _ in lots}))
    found = {(row[0], row[1], row[2]): int(row[3]) for row in rows}
    return {lot: sticks for lot, sticks in found.items() if lot in asked}


async def load_lot_dates(conn: Connection, lots: Sequence[Lot]) -> dict[Lot, LotDates]:
    rows = await conn.fetch(_LOT_DATES, list(lots))
    return {(row[0], row[1], row[2]): LotDates(row[3], row[4]) for row in rows}


async def load_warehouses(conn: Connection, store_ids: Collection[str]) -> set[str]:
    rows = await conn.fetch(
        "SELECT store_id FROM stores WHERE kind = 'warehouse' AND store_id = ANY($1::text[])",
        list(store_ids),
    )
    return {row[0] for row in rows}

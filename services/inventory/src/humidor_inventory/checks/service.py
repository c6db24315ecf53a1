"""Proves that the balances equal what they are made of: set-based, from the whole ledger."""

from humidor_common.db.pool import Connection
from humidor_inventory.checks.schemas import Difference, LedgerCheck

SHOWN_DIFFERENCES = 1000

_DIFFERENCES = """
WITH entries AS (
    SELECT store_id, gtin, lot, sum(delta_sticks) FILTER (WHERE bucket = 'on_hand') AS on_hand,
           sum(delta_sticks) FILTER (WHERE bucket = 'quarantined') AS quarantined
    FROM stock_ledger WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY store_id, gtin, lot
), lots AS (
    SELECT store_id, gtin, lot, on_hand_sticks, quarantined_sticks
    FROM lot_stock WHERE $1::text[] IS NULL OR store_id = ANY($1)
), sums AS (
    SELECT store_id, gtin, sum(on_hand_sticks) AS on_hand, sum(quarantined_sticks) AS quarantined,
           sum(greatest(-on_hand_sticks, 0)) AS shortfall
    FROM lots GROUP BY store_id, gtin
), orders AS (
    SELECT store_id, gtin, sum(sticks) AS on_order FROM (
        SELECT o.store_id, l.gtin, greatest(l.ordered_sticks - l.received_sticks, 0) AS sticks
        FROM purchase_orders o JOIN purchase_order_lines l USING (purchase_order_id)
        WHERE o.awaited
        UNION ALL
        SELECT t.to_store_id, p.gtin, p.dispatched_sticks - p.received_sticks - p.lost_sticks
        FROM transfers t JOIN transfer_parcels p USING (transfer_id)
        WHERE t.state IN ('dispatched', 'partially_received')
    ) awaited WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY store_id, gtin
), kept AS (
    SELECT store_id, gtin, sum(quantity_sticks) AS reserved FROM reservations
    WHERE state IN ('active', 'confirmed') AND ($1::text[] IS NULL OR store_id = ANY($1))
    GROUP BY store_id, gtin
), balances AS (
    SELECT * FROM stock WHERE $1::text[] IS NULL OR store_id = ANY($1)
), compared AS (
    SELECT store_id, gtin, lot, f.figure, f.expected, f.actual
    FROM entries FULL JOIN lots USING (store_id, gtin, lot)
    CROSS JOIN LATERAL (VALUES
        ('lot on hand', coalesce(on_hand, 0), coalesce(on_hand_sticks, 0)),
        ('lot quarantined', coalesce(quarantined, 0), coalesce(quarantined_sticks, 0))
    ) f(figure, expected, actual)
    UNION ALL
    SELECT store_id, gtin, NULL, f.figure, f.expected, f.actual
    FROM sums FULL JOIN balances b USING (store_id, gtin) FULL JOIN orders USING (store_id, gtin)
    FULL JOIN kept USING (store_id, gtin)
    CROSS JOIN LATERAL (VALUES
        ('on hand', coalesce(on_hand, 0), coalesce(b.on_hand_sticks, 0)),
        ('quarantined', coalesce(quarantined, 0), coalesce(b.quarantined_sticks, 0)),
        ('shortfall', coalesce(shortfall, 0), coalesce(b.shortfall_sticks, 0)),
        ('on order', coalesce(on_order, 0), coalesce(b.on_order_sticks, 0)),
        ('reserved', coalesce(reserved, 0), coalesce(b.reserved_sticks, 0))
    ) f(figure, expected, actual)
)
SELECT store_id, gtin, lot, figure, expected::bigint AS expected_sticks, actual::bigint AS actual_sticks
FROM compared WHERE expected <> actual ORDER BY store_id, gtin, lot, figure LIMIT $2
"""
_COUNTS = """
SELECT (SELECT count(*) FROM stock_ledger WHERE $1::text[] IS NULL OR store_id = ANY($1)),
       (SELECT count(*) FROM lot_stock WHERE $1::text[] IS NULL OR store_id = ANY($1)),
       (SELECT count(*) FROM stock WHERE $1::text[] IS NULL OR store_id = ANY($1))
"""


async def check_ledger(conn: Connection, visible: list[str] | None) -> LedgerCheck:
    """Compare every balance with the sum of its entries, in one snapshot; lists what differs.

    Reads the whole ledger of these stores, so it may take its time.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await allow_long(conn)
        entries, lots, balances = await conn.fetchrow(_COUNTS, visible, timeout=600) or (0, 0, 0)
        rows = await conn.fetch(_DIFFERENCES, visible, SHOWN_DIFFERENCES, timeout=600)
    differences = [Difference(**row) for row in rows]
    return LedgerCheck(
        equal=not differences, entries=entries, lots=lots, balances=balances, differences=differences
    )


async def allow_long(conn: Connection) -> None:
    """Let the statements of this transaction take their time: a check reads everything there is."""
    await conn.execute(
        "SELECT set_config(name, '0', true) FROM pg_settings "
        "WHERE name IN ('transaction_timeout', 'statement_timeout')"
    )

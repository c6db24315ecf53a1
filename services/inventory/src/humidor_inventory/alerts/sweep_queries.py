"""What a sweep reads: the shelves and lots of some stores, each in one statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.alerts.rules import AlertKind, Rule, Scope, Shelf
from humidor_inventory.freshness.rules import DEFAULT_EXPIRING_WITHIN_DAYS

# Each store's calendar. A closed store misses nothing, but what has expired there is still there.
_DAYS = """
SELECT store_id, kind, status, time_zone, ($2::timestamptz AT TIME ZONE time_zone)::date AS today FROM stores
WHERE store_id = ANY($1::text[])
"""
_UNSOUND = """
LEFT JOIN LATERAL (
    SELECT sum(on_hand_sticks) FILTER (WHERE l.held OR l.expiry_date < d.today) AS unsound,
           (min(l.received_at) AT TIME ZONE d.time_zone)::date AS stands_since
    FROM lot_stock l WHERE l.store_id = s.store_id AND l.gtin = s.gtin AND l.live OFFSET 0) u ON true
"""
# What a warehouse gives to stores is no demand of its own, so it has no days of cover.
_SHELVES = f"""
SELECT s.store_id, s.gtin, p.brand, d.today, s.on_hand_sticks AS on_hand, s.reserved_sticks AS reserved,
       s.on_order_sticks AS on_order, coalesce(u.unsound, 0)::bigint AS unsound, u.stands_since,
       coalesce(p.lead_time_days, v.lead_time_days, 7) AS lead_time_days, p.status = 'active' AS active
FROM ({_DAYS}) d JOIN stock s USING (store_id) JOIN products p USING (gtin)
LEFT JOIN suppliers v ON v.supplier_id = p.supplier_id {_UNSOUND}
WHERE s.on_hand_sticks > 0 AND d.kind = 'store' AND d.status = 'open'
"""  # noqa: S608 - our own text
# Sold out matters where a level is set or something was sold of late, and the product is still carried.
_SOLD_OUT = f"""
SELECT s.store_id, s.gtin, p.brand, d.today, s.on_hand_sticks, s.reserved_sticks, s.on_order_sticks,
       EXISTS (SELECT FROM levels v WHERE v.store_id = s.store_id AND v.gtin = s.gtin) AS ranged
FROM ({_DAYS}) d JOIN stock s USING (store_id)
JOIN products p ON p.gtin = s.gtin AND p.status = 'active' {_UNSOUND}
WHERE d.status = 'open' AND s.on_hand_sticks - s.reserved_sticks - coalesce(u.unsound, 0) <= 0
"""  # noqa: S608 - our own text
_NEGATIVE = """
SELECT store_id, gtin, on_hand_sticks, shortfall_sticks FROM stock
WHERE store_id = ANY($1::text[]) AND shortfall_sticks > 0
"""
_LOTS = f"""
SELECT l.store_id, l.gtin, l.lot, p.brand, l.on_hand_sticks, l.expiry_date, l.held,
       l.expiry_date - d.today AS days_left, f.expiring_within_days
FROM ({_DAYS}) d JOIN lot_stock l USING (store_id) JOIN products p USING (gtin)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT expiring_within_days FROM freshness_rules WHERE brand IN (p.brand, '')
                     ORDER BY brand DESC LIMIT 1), $4) AS expiring_within_days) f
WHERE l.live AND l.on_hand_sticks > 0
  AND l.expiry_date <= d.today + greatest(f.expiring_within_days, $3::int)
"""  # noqa: S608 - our own text
_RULES = """
SELECT kind, gtin, brand, store_id, enabled, threshold_days, window_days FROM alert_rules
WHERE store_id = '' OR store_id = ANY($1::text[])
"""
# What is on the shelf and counted by the reorder point follows the stock, so that it need not be looked up.
_REFRESH = """
UPDATE alerts a SET figures = n.figures, updated_at = $2
FROM (
    SELECT o.alert_id, o.figures || jsonb_build_object(
               'on_hand_sticks', s.on_hand_sticks, 'reserved_sticks', s.reserved_sticks,
               'on_order_sticks', s.on_order_sticks) AS figures
    FROM alerts o JOIN stock s ON s.store_id = o.store_id AND s.gtin = o.gtin
    WHERE o.closed_at IS NULL AND o.store_id = ANY($1::text[]) AND o.kind = 'below_reorder_point') n
WHERE a.alert_id = n.alert_id AND a.figures IS DISTINCT FROM n.figures
"""
_LAST_SOLD = """
SELECT k.n, max(m.last_sold_day)
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
JOIN monthly_flows m ON m.store_id = e->>0 AND m.gtin = e->>1 GROUP BY k.n
"""


async def load_rules(conn: Connection, store_ids: Sequence[str]) -> dict[Scope, Rule]:
    rows = await conn.fetch(_RULES, store_ids)
    return {
        (row[0], row[1], row[2], row[3]): Rule(enabled=row[4], threshold_days=row[5], window_days=row[6])
        for row in rows
    }


async def load_stocked(conn: Connection, store_ids: Sequence[str], now: datetime) -> list[tuple[Shelf, bool]]:
    """Load what the stores have on hand, each with whether the product is still carried."""
    rows = await conn.fetch(_SHELVES, store_ids, now)
    return [(Shelf(**{n: row[n] for n in Shelf.__struct_fields__}), row["active"]) for row in rows]


async def load_sold_out(conn: Connection, store_ids: Sequence[str], now: datetime) -> list[Any]:
    rows: list[Any] = await conn.fetch(_SOLD_OUT, store_ids, now)
    return rows


async def load_negative(conn: Connection, store_ids: Sequence[str]) -> list[Any]:
    rows: list[Any] = await conn.fetch(_NEGATIVE, store_ids)
    return rows


async def load_expiring(
    conn: Connection, store_ids: Sequence[str], rules: Mapping[Scope, Rule], now: datetime
) -> list[Any]:
    """Load the lots that have expired, or will within the days of any rule there is."""
    set_by_people = (
        rule.threshold_days or 0 for scope, rule in rules.items() if scope[0] == AlertKind.EXPIRING
    )
    horizon = max(set_by_people, default=0)
    rows: list[Any] = await conn.fetch(_LOTS, store_ids, now, horizon, DEFAULT_EXPIRING_WITHIN_DAYS)
    return rows


async def load_last_sale_days(
    conn: Connection, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], date]:
    """Look up when products were last sold, in all that is known of closed days."""
    rows = await conn.fetch(_LAST_SOLD, pairs)
    return {pairs[row[0] - 1]: row[1] for row in rows if row[1] is not None}


async def refresh_figures(conn: Connection, store_ids: Sequence[str], now: datetime) -> None:
    await conn.execute(_REFRESH, store_ids, now)

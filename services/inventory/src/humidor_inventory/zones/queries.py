"""Statements over zones, and which lots lay in one of them when."""

from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.zones.schemas import Limits, LyingLot, PlacementView, ZoneView

_ZONES = """
SELECT z.*, t.temperature_min_c, t.temperature_max_c, t.humidity_min_pct, t.humidity_max_pct, t.light_max_lux,
       t.grace_minutes, t.interval_seconds, t.gap_intervals, t.policy,
       EXISTS (SELECT FROM climate_placements p WHERE p.store_id = z.store_id AND p.gtin = '' AND p.lot = ''
               AND p.placed_until IS NULL AND p.zone_id = z.zone_id) AS is_default
FROM climate_zones z CROSS JOIN LATERAL (
    SELECT * FROM climate_terms t WHERE t.store_id = z.store_id AND t.zone_id = z.zone_id
    ORDER BY effective_from DESC LIMIT 1) t
"""
# When each lot was in the store (from what it holds now, and the ledger back to $3), when it lay in the
# zone (its own placements before its product's before the store's), and what both have in common with $3 ..
# $4. Ranges do the arithmetic. The ledger is read by its key, product by product, and no further back than
# $3.
LYING = """
WITH entries AS MATERIALIZED (
    SELECT e.* FROM stock s CROSS JOIN LATERAL (
        SELECT gtin, lot, recorded_at, entry_id, delta_sticks FROM stock_ledger
        WHERE store_id = $1 AND gtin = s.gtin AND recorded_at > $3 OFFSET 0) e
    WHERE s.store_id = $1
), moves AS (
    SELECT gtin, lot, recorded_at AS at, sum(delta_sticks)::bigint AS delta FROM entries GROUP BY 1, 2, 3
), held AS (
    SELECT k.gtin, k.lot, coalesce(l.on_hand_sticks + l.quarantined_sticks, 0) AS sticks
    FROM (SELECT gtin, lot FROM lot_stock WHERE store_id = $1 AND live
          UNION SELECT gtin, lot FROM moves) k
    LEFT JOIN lot_stock l ON l.store_id = $1 AND l.gtin = k.gtin AND l.lot = k.lot
), balances AS (
    SELECT gtin, lot, at, sticks - coalesce(sum(delta) OVER later, 0)::bigint AS sticks,
           lead(at) OVER (PARTITION BY gtin, lot ORDER BY at NULLS FIRST) AS until
    FROM (SELECT gtin, lot, NULL::timestamptz AS at, sticks, 0::bigint AS delta FROM held
          UNION ALL SELECT m.gtin, m.lot, m.at, h.sticks, m.delta FROM moves m JOIN held h
          USING (gtin, lot)) b
    WINDOW later AS (PARTITION BY gtin, lot ORDER BY at NULLS FIRST
                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), present AS (
    SELECT gtin, lot, max(sticks) AS sticks, range_agg(tstzrange(coalesce(at, $3), until)) AS ranges
    FROM balances WHERE sticks > 0 AND tstzrange(coalesce(at, $3), until) && tstzrange($3, $4)
    GROUP BY 1, 2
), said AS (
    SELECT gtin, lot, range_agg(tstzrange(placed_from, placed_until)) AS anywhere,
           coalesce(range_agg(tstzrange(placed_from, placed_until)) FILTER (WHERE zone_id = $2),
                    '{}'::tstzmultirange) AS here
    FROM climate_placements
    WHERE store_id = $1 AND placed_from < $4 AND (placed_until IS NULL OR placed_until > $3)
    GROUP BY 1, 2
), lay AS (
    SELECT p.gtin, p.lot, p.sticks, p.ranges * tstzmultirange(tstzrange($3, $4)) * (
        coalesce(o.here, none) + (coalesce(g.here, none) - coalesce(o.anywhere, none))
        + (coalesce(s.here, none) - coalesce(o.anywhere, none) - coalesce(g.anywhere, none))) AS ranges
    FROM present p CROSS JOIN (SELECT '{}'::tstzmultirange AS none) n
    LEFT JOIN said o ON o.gtin = p.gtin AND o.lot = p.lot AND p.lot <> ''
    LEFT JOIN said g ON g.gtin = p.gtin AND g.lot = ''
    LEFT JOIN said s ON s.gtin = '' AND s.lot = ''
)
SELECT gtin, lot, sticks, lower(r) AS lay_from, upper(r) AS lay_until
FROM lay CROSS JOIN LATERAL unnest(ranges) r
"""


async def load_zone(conn: Connection, store_id: str, zone_id: str) -> ZoneView | None:
    row = await conn.fetchrow(_ZONES + " WHERE z.store_id = $1 AND z.zone_id = $2", store_id, zone_id)
    return None if row is None else _zone(row)


async def list_zones(
    conn: Connection, visible: list[str] | None, *, after: tuple[str, str], limit: int
) -> list[ZoneView]:
    rows = await conn.fetch(
        _ZONES
        + " WHERE (z.store_id, z.zone_id) > ($1, $2) AND ($3::text[] IS NULL OR z.store_id = ANY($3))"
        + " ORDER BY z.store_id, z.zone_id LIMIT $4",
        *after,
        visible,
        limit,
    )
    return [_zone(row) for row in rows]


async def list_placements(
    conn: Connection,
    store_id: str,
    gtin: str | None,
    *,
    current: bool,
    after: tuple[str, str, datetime],
    limit: int,
) -> list[PlacementView]:
    rows = await conn.fetch(
        """SELECT store_id, zone_id, nullif(gtin, '') AS gtin, nullif(lot, '') AS lot, placed_from,
                  placed_until, placed_by
           FROM climate_placements
           WHERE store_id = $1 AND ($2::text IS NULL OR gtin = $2) AND (NOT $3 OR placed_until IS NULL)
             AND (gtin, lot, placed_from) > ($4, $5, $6)
           ORDER BY climate_placements.gtin, climate_placements.lot, placed_from LIMIT $7""",
        store_id,
        gtin,
        current,
        *after,
        limit,
    )
    return [PlacementView(**row) for row in rows]


async def list_lying(
    conn: Connection,
    zone: tuple[str, str],
    between: tuple[datetime, datetime],
    *,
    after: tuple[str, str],
    limit: int,
) -> list[LyingLot]:
    """Read the lots that lay in a zone at a moment, given as the shortest of spans."""
    rows = await conn.fetch(
        f"""SELECT y.gtin, y.lot, y.sticks, l.received_at AS lies_since FROM ({LYING}) y
            LEFT JOIN lot_stock l ON l.store_id = $1 AND l.gtin = y.gtin AND l.lot = y.lot
            WHERE (y.gtin, y.lot) > ($5, $6) ORDER BY y.gtin, y.lot LIMIT $7""",  # noqa: S608 - a constant
        *zone,
        *between,
        *after,
        limit,
    )
    return [LyingLot(**row) for row in rows]


def _zone(row: Any) -> ZoneView:
    limits = Limits(**{name: row[name] for name in Limits.model_fields})
    own = {name: row[name] for name in ZoneView.model_fields if name != "limits"}
    return ZoneView(**own, limits=limits)

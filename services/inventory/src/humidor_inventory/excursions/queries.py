"""Statements that the judge works with, each for many zones at once, and the lists that people read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_inventory.excursions.schemas import ExcursionView, ExposureView, GapView

# Due by time, or by what came in. Whoever is judging a zone holds its row, so others take other zones; the
# wider choice is for them.
PICK = """
SELECT w.store_id, w.zone_id FROM climate_watch w
WHERE (w.store_id, w.zone_id) IN (
    (SELECT store_id, zone_id FROM climate_dirty GROUP BY 1, 2 LIMIT $2 * 4)
    UNION ALL
    (SELECT store_id, zone_id FROM climate_watch WHERE due_at <= $1 ORDER BY due_at LIMIT $2 * 4))
ORDER BY 1, 2 LIMIT $2 FOR UPDATE SKIP LOCKED
"""
TAKE_DIRTY = """
WITH taken AS (
    DELETE FROM climate_dirty d USING unnest($1::text[], $2::text[]) z(store_id, zone_id)
    WHERE d.store_id = z.store_id AND d.zone_id = z.zone_id RETURNING d.*)
SELECT store_id, zone_id, min(dirty_from) AS dirty_from FROM taken GROUP BY 1, 2
"""
# For each zone (store, zone, dirty from): the checkpoint before that, else the newest; no row is the
# beginning.
CHECKPOINTS = """
SELECT z.n, c.state::text FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY z(e, n) CROSS JOIN LATERAL (
    SELECT state FROM climate_checkpoints c
    WHERE c.store_id = e->>0 AND c.zone_id = e->>1
      AND c.at <= coalesce((e->>2)::timestamptz, 'infinity') ORDER BY c.at DESC LIMIT 1) c
"""
TERMS = """
SELECT z.n, t.effective_from, t.temperature_min_c, t.temperature_max_c, t.humidity_min_pct,
       t.humidity_max_pct, t.light_max_lux, t.grace_minutes, t.interval_seconds, t.gap_intervals, t.policy
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY z(e, n) CROSS JOIN LATERAL (
    SELECT * FROM climate_terms t WHERE t.store_id = e->>0 AND t.zone_id = e->>1
    ORDER BY effective_from OFFSET 0) t
"""
BINDINGS = """
SELECT z.n, b.device_no, b.bound_from, b.bound_until
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY z(e, n) CROSS JOIN LATERAL (
    SELECT * FROM climate_bindings b WHERE b.store_id = e->>0 AND b.zone_id = e->>1
      AND (b.bound_until IS NULL OR b.bound_until >= (e->>2)::timestamptz) OFFSET 0) b
"""
# By binding: [zone number, device, from, until]; `$2` lets the planner leave older partitions out.
READINGS = """
SELECT (k.e->>0)::int, r.device_no, r.measured_at, r.temperature_centi_c, r.humidity_centi_pct,
       r.light_deci_lux
FROM jsonb_array_elements($1::jsonb) k(e) CROSS JOIN LATERAL (
    SELECT * FROM climate_readings r
    WHERE r.device_no = (e->>1)::int AND r.measured_at >= (e->>2)::timestamptz
      AND r.measured_at < coalesce((e->>3)::timestamptz, 'infinity') AND r.measured_at >= $2 OFFSET 0) r
"""
KNOWN = """
SELECT z.n, x.excursion_id, x.measure, x.started_at, x.opened_at, x.ended_at, x.peak_value, x.limit_value,
       x.deviation_minutes, x.outside_minutes, x.unknown_minutes
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY z(e, n) CROSS JOIN LATERAL (
    SELECT * FROM climate_excursions x
    WHERE x.store_id = e->>0 AND x.zone_id = e->>1 AND x.state <> 'withdrawn'
      AND x.ended_at >= (e->>2)::timestamptz
    UNION ALL
    SELECT * FROM climate_excursions x
    WHERE x.store_id = e->>0 AND x.zone_id = e->>1 AND x.state = 'open' AND x.ended_at IS NULL) x
"""
KNOWN_GAPS = """
SELECT z.n, g.device_no, g.started_at, g.ended_at
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY z(e, n) CROSS JOIN LATERAL (
    SELECT * FROM climate_gaps g WHERE g.store_id = e->>0 AND g.zone_id = e->>1
      AND (g.ended_at IS NULL OR g.ended_at >= (e->>2)::timestamptz) OFFSET 0) g
"""
# Newer ones than where the judge began were of what is judged anew; of those too old for any late reading
# only the last is kept.
DROP_CHECKPOINTS = """
DELETE FROM climate_checkpoints c USING jsonb_array_elements($1::jsonb) z(e)
WHERE c.store_id = e->>0 AND c.zone_id = e->>1
  AND (c.at > (e->>2)::timestamptz OR c.at < (
      SELECT max(o.at) FROM climate_checkpoints o
      WHERE o.store_id = c.store_id AND o.zone_id = c.zone_id AND o.at < (e->>3)::timestamptz))
"""
# All but the newest stand an hour apart.
THIN_CHECKPOINT = """
DELETE FROM climate_checkpoints c USING jsonb_array_elements($1::jsonb) z(e)
WHERE c.store_id = e->>0 AND c.zone_id = e->>1 AND c.at = (e->>2)::timestamptz AND EXISTS (
    SELECT FROM climate_checkpoints o WHERE o.store_id = c.store_id AND o.zone_id = c.zone_id AND o.at < c.at
      AND o.at >= date_trunc('hour', c.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')
"""
KEEP_CHECKPOINTS = """
INSERT INTO climate_checkpoints (store_id, zone_id, at, state)
SELECT e->>0, e->>1, (e->>2)::timestamptz, e->3 FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, zone_id, at) DO UPDATE SET state = excluded.state
"""
WATCH = """
UPDATE climate_watch w SET due_at = (e->>2)::timestamptz FROM jsonb_array_elements($1::jsonb) e
WHERE w.store_id = e->>0 AND w.zone_id = e->>1 AND w.due_at IS DISTINCT FROM (e->>2)::timestamptz
"""
STORE_EXCURSIONS = """
INSERT INTO climate_excursions AS x (excursion_id, store_id, zone_id, measure, state, started_at, opened_at,
    ended_at, peak_value, limit_value, deviation_minutes, outside_minutes, unknown_minutes, version, told_at)
SELECT (e->>0)::uuid, e->>1, e->>2, e->>3, e->>4, (e->>5)::timestamptz, (e->>6)::timestamptz,
       (e->>7)::timestamptz, (e->>8)::float8, (e->>9)::float8, (e->>10)::float8, (e->>11)::float8,
       (e->>12)::float8, 1, $2
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (excursion_id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
    opened_at = excluded.opened_at, ended_at = excluded.ended_at, peak_value = excluded.peak_value,
    limit_value = excluded.limit_value, deviation_minutes = excluded.deviation_minutes,
    outside_minutes = excluded.outside_minutes, unknown_minutes = excluded.unknown_minutes,
    version = x.version + 1, told_at = excluded.told_at
"""
STORE_GAPS = """
INSERT INTO climate_gaps (device_no, started_at, ended_at, store_id, zone_id)
SELECT (e->>0)::int, (e->>1)::timestamptz, (e->>2)::timestamptz, e->>3, e->>4
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (device_no, started_at) DO UPDATE
SET ended_at = excluded.ended_at, store_id = excluded.store_id, zone_id = excluded.zone_id
"""
DROP_GAPS = """
DELETE FROM climate_gaps g USING jsonb_array_elements($1::jsonb) e
WHERE g.device_no = (e->>0)::int AND g.started_at = (e->>1)::timestamptz
"""

_EXPOSURES = """
WITH RECURSIVE earlier(lot) AS (
    SELECT $2::text COLLATE "C" UNION
    SELECT c.from_lot FROM lot_changes c JOIN earlier ON c.gtin = $1 AND c.to_lot = earlier.lot WHERE $3)
SELECT p.excursion_id, x.store_id, x.zone_id, x.measure, x.state, p.gtin, p.lot, p.exposed_from,
       p.exposed_until, extract(epoch FROM p.exposed_until - p.exposed_from)::float8 / 60 AS minutes,
       p.sticks, p.peak_value, x.limit_value, x.deviation_minutes, x.started_at, x.ended_at
FROM climate_exposures p JOIN climate_excursions x USING (excursion_id)
WHERE p.gtin = $1 AND p.lot IN (SELECT lot FROM earlier) AND x.state <> 'withdrawn'
  AND ($4::text[] IS NULL OR x.store_id = ANY($4))
  AND (p.exposed_from, p.excursion_id, p.lot) > ($5, $6, $7)
ORDER BY p.exposed_from, p.excursion_id, p.lot LIMIT $8
"""


async def list_excursions(
    conn: Connection, where: dict[str, Any], *, after: UUID | None, limit: int
) -> list[ExcursionView]:
    """Read excursions; `where` has stores, zone_id, state, measure and since, None is any."""
    conditions = {
        "store_id = ANY(${}::text[])": where["stores"],
        "zone_id = ${}": where["zone_id"],
        "state = ${}": where["state"],
        "measure = ${}": where["measure"],
        "coalesce(ended_at, 'infinity') >= ${}": where["since"],
        "excursion_id > ${}": after,
    }
    given = [(text, value) for text, value in conditions.items() if value is not None]
    clauses = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 1))])
    statement = (
        f"SELECT * FROM climate_excursions WHERE {clauses} ORDER BY excursion_id LIMIT ${len(given) + 1}"  # noqa: S608 - made of constants
    )
    rows = await conn.fetch(statement, *(value for _, value in given), limit)
    return [excursion_view(row) for row in rows]


async def load_excursion(conn: Connection, excursion_id: UUID) -> ExcursionView | None:
    row = await conn.fetchrow("SELECT * FROM climate_excursions WHERE excursion_id = $1", excursion_id)
    return None if row is None else excursion_view(row)


async def list_exposures(
    conn: Connection,
    lot: tuple[str, str],
    visible: list[str] | None,
    *,
    follow: bool,
    after: tuple[datetime, UUID, str],
    limit: int,
) -> list[ExposureView]:
    """Read what a lot has met on its way through the stores; `follow` adds the lots it came from."""
    rows = await conn.fetch(_EXPOSURES, *lot, follow, visible, *after, limit)
    return [ExposureView(**row) for row in rows]


async def list_lots(
    conn: Connection, excursion_id: UUID, *, after: tuple[str, str, datetime], limit: int
) -> list[ExposureView]:
    """Read which lots lay in an excursion."""
    rows = await conn.fetch(
        """SELECT p.excursion_id, x.store_id, x.zone_id, x.measure, x.state, p.gtin, p.lot, p.exposed_from,
                  p.exposed_until,
                  extract(epoch FROM p.exposed_until - p.exposed_from)::float8 / 60 AS minutes,
                  p.sticks, p.peak_value, x.limit_value, x.deviation_minutes, x.started_at, x.ended_at
           FROM climate_exposures p JOIN climate_excursions x USING (excursion_id)
           WHERE p.excursion_id = $1 AND (p.gtin, p.lot, p.exposed_from) > ($2, $3, $4)
           ORDER BY p.gtin, p.lot, p.exposed_from LIMIT $5""",
        excursion_id,
        *after,
        limit,
    )
    return [ExposureView(**row) for row in rows]


async def list_gaps(
    conn: Connection,
    visible: list[str] | None,
    *,
    going_on: bool,
    after: tuple[datetime, int],
    limit: int,
) -> list[GapView]:
    rows = await conn.fetch(
        """SELECT g.device_no, d.device_id, g.store_id, g.zone_id, g.started_at, g.ended_at
           FROM climate_gaps g JOIN climate_devices d USING (device_no)
           WHERE ($1::text[] IS NULL OR g.store_id = ANY($1)) AND (NOT $2 OR g.ended_at IS NULL)
             AND (g.started_at, g.device_no) > ($3, $4)
           ORDER BY g.started_at, g.device_no LIMIT $5""",
        visible,
        going_on,
        *after,
        limit,
    )
    return [GapView(**row) for row in rows]


def excursion_view(row: Any) -> ExcursionView:
    return ExcursionView(**{name: row[name] for name in ExcursionView.model_fields})

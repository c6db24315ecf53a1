"""Statements over readings: one stores a batch with all that follows from it, others read series."""

from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.readings.schemas import PointView, RefusalView, Resolution

# Who sent it and where it hung: all that is needed of the devices of a batch.
DEVICES = """
SELECT d.device_id, d.device_no, d.store_id, d.kind, d.state, d.key_hash, d.temperature_offset_c,
       d.humidity_offset_pct, b.bound_from, b.bound_until, b.zone_store_id, b.zone_id
FROM unnest($1::text[]) k(device_id) JOIN climate_devices d USING (device_id)
LEFT JOIN LATERAL (
    SELECT bound_from, bound_until, store_id AS zone_store_id, zone_id FROM climate_bindings
    WHERE device_no = d.device_no AND (bound_until IS NULL OR bound_until > $2)) b ON true
ORDER BY d.device_id, b.bound_from
"""
# One statement, one trip. Every part writes in the order of its key, so batches that overlap wait for each
# other and never deadlock. What is there already is given back, with whether it says the same.
STORE = """
WITH given AS MATERIALIZED (
    SELECT n, (e->>0)::int AS device_no, (e->>1)::timestamptz AS measured_at, (e->>2)::smallint AS t,
           (e->>3)::smallint AS h, (e->>4)::int AS l, (e->>5)::bigint AS seq,
           e->>6 AS store_id, e->>7 AS zone_id
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY g(e, n)
), kept AS (
    INSERT INTO climate_readings (device_no, measured_at, received_at, seq, temperature_centi_c,
                                  humidity_centi_pct, light_deci_lux)
    SELECT device_no, measured_at, $2, seq, t, h, l FROM given ORDER BY 1, 2
    ON CONFLICT (device_no, measured_at) DO NOTHING
    RETURNING device_no, measured_at, temperature_centi_c AS t, humidity_centi_pct AS h, light_deci_lux AS l
), rolled AS (
    INSERT INTO climate_rollups AS r (device_no, span_seconds, bucket_at, readings,
        temperature_count, temperature_sum, temperature_min, temperature_max,
        humidity_count, humidity_sum, humidity_min, humidity_max,
        light_count, light_sum, light_min, light_max)
    SELECT device_no, span, date_bin(make_interval(secs => span), measured_at, 'epoch'), count(*),
           count(t), sum(t), min(t), max(t), count(h), sum(h), min(h), max(h),
           count(l), sum(l), min(l), max(l)
    FROM kept CROSS JOIN (VALUES (300), (3600)) s(span) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (device_no, span_seconds, bucket_at) DO UPDATE SET
        readings = r.readings + excluded.readings,
        temperature_count = r.temperature_count + excluded.temperature_count,
        temperature_sum = coalesce(r.temperature_sum + excluded.temperature_sum, r.temperature_sum,
                                   excluded.temperature_sum),
        temperature_min = least(r.temperature_min, excluded.temperature_min),
        temperature_max = greatest(r.temperature_max, excluded.temperature_max),
        humidity_count = r.humidity_count + excluded.humidity_count,
        humidity_sum = coalesce(r.humidity_sum + excluded.humidity_sum, r.humidity_sum,
                                excluded.humidity_sum),
        humidity_min = least(r.humidity_min, excluded.humidity_min),
        humidity_max = greatest(r.humidity_max, excluded.humidity_max),
        light_count = r.light_count + excluded.light_count,
        light_sum = coalesce(r.light_sum + excluded.light_sum, r.light_sum, excluded.light_sum),
        light_min = least(r.light_min, excluded.light_min),
        light_max = greatest(r.light_max, excluded.light_max)
), marked AS (
    INSERT INTO climate_dirty (store_id, zone_id, dirty_from)
    SELECT g.store_id, g.zone_id, min(g.measured_at) FROM given g JOIN kept USING (device_no, measured_at)
    GROUP BY 1, 2
)
SELECT g.n, (r.temperature_centi_c, r.humidity_centi_pct, r.light_deci_lux)
            IS NOT DISTINCT FROM (g.t, g.h, g.l) OR r.device_no IS NULL AS same
FROM given g LEFT JOIN kept k USING (device_no, measured_at)
LEFT JOIN LATERAL (
    SELECT * FROM climate_readings r
    WHERE k.device_no IS NULL AND r.device_no = g.device_no AND r.measured_at = g.measured_at) r ON true
WHERE k.device_no IS NULL
"""
SEEN = """
INSERT INTO climate_device_states AS s (device_no, last_seen_at, measured_at, temperature_centi_c,
                                        humidity_centi_pct, light_deci_lux, battery_pct)
SELECT (e->>0)::int, $2, (e->>1)::timestamptz, (e->>2)::int, (e->>3)::int, (e->>4)::int, (e->>5)::int
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (device_no) DO UPDATE SET last_seen_at = greatest(s.last_seen_at, $2),
    measured_at = greatest(s.measured_at, excluded.measured_at),
    temperature_centi_c = CASE WHEN excluded.measured_at < s.measured_at THEN s.temperature_centi_c
        ELSE coalesce(excluded.temperature_centi_c, s.temperature_centi_c) END,
    humidity_centi_pct = CASE WHEN excluded.measured_at < s.measured_at THEN s.humidity_centi_pct
        ELSE coalesce(excluded.humidity_centi_pct, s.humidity_centi_pct) END,
    light_deci_lux = CASE WHEN excluded.measured_at < s.measured_at THEN s.light_deci_lux
        ELSE coalesce(excluded.light_deci_lux, s.light_deci_lux) END,
    battery_pct = CASE WHEN excluded.measured_at < s.measured_at THEN s.battery_pct
        ELSE coalesce(excluded.battery_pct, s.battery_pct) END
"""
REFUSED = """
INSERT INTO climate_refusals AS r (store_id, device_id, channel, code, refused, first_at, last_at,
                                   detail, sample)
SELECT e->>0, e->>1, e->>2, e->>3, (e->>4)::bigint, $2, $2, e->>5, e->>6
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, device_id, channel, code) DO UPDATE SET refused = r.refused + excluded.refused,
    last_at = excluded.last_at, detail = excluded.detail, sample = excluded.sample
"""

_RAW = """
SELECT measured_at AS at, 1 AS readings, temperature_centi_c / 100.0::float8 AS temperature_mean_c,
       temperature_centi_c / 100.0::float8 AS temperature_min_c,
       temperature_centi_c / 100.0::float8 AS temperature_max_c,
       humidity_centi_pct / 100.0::float8 AS humidity_mean_pct,
       humidity_centi_pct / 100.0::float8 AS humidity_min_pct,
       humidity_centi_pct / 100.0::float8 AS humidity_max_pct,
       light_deci_lux / 10.0::float8 AS light_mean_lux,
       light_deci_lux / 10.0::float8 AS light_min_lux, light_deci_lux / 10.0::float8 AS light_max_lux
FROM climate_readings WHERE device_no = $1 AND measured_at >= $2 AND measured_at < $3
ORDER BY measured_at LIMIT $4
"""
_ROLLED = """
SELECT bucket_at AS at, readings,
       temperature_sum / 100.0::float8 / nullif(temperature_count, 0) AS temperature_mean_c,
       temperature_min / 100.0::float8 AS temperature_min_c,
       temperature_max / 100.0::float8 AS temperature_max_c,
       humidity_sum / 100.0::float8 / nullif(humidity_count, 0) AS humidity_mean_pct,
       humidity_min / 100.0::float8 AS humidity_min_pct, humidity_max / 100.0::float8 AS humidity_max_pct,
       light_sum / 10.0::float8 / nullif(light_count, 0) AS light_mean_lux,
       light_min / 10.0::float8 AS light_min_lux, light_max / 10.0::float8 AS light_max_lux
FROM climate_rollups WHERE device_no = $1 AND span_seconds = $5
  AND bucket_at >= date_bin(make_interval(secs => $5), $2, 'epoch') AND bucket_at < $3
ORDER BY bucket_at LIMIT $4
"""
# A device counts what it sends; where the count jumps between neighbours, something between them is
# missing. One that starts anew at a lower number has been restarted.
MISSING = """
SELECT count(*) AS readings, count(seq) AS numbered, coalesce(sum(jump), 0)::bigint AS missing
FROM (SELECT seq, CASE WHEN seq > before + 1 THEN seq - before - 1 END AS jump
      FROM (SELECT seq, lag(seq) OVER (ORDER BY measured_at) AS before FROM climate_readings
            WHERE device_no = $1 AND measured_at >= $2 AND measured_at < $3) numbered) jumps
"""
SPANS: dict[Resolution, int] = {"raw": 0, "5m": 300, "1h": 3600}


async def load_points(
    conn: Connection,
    device_no: int,
    between: tuple[datetime, datetime],
    resolution: Resolution,
    *,
    limit: int,
) -> list[PointView]:
    """Read a device's series, the oldest first."""
    if resolution == "raw":
        rows = await conn.fetch(_RAW, device_no, *between, limit)
    else:
        rows = await conn.fetch(_ROLLED, device_no, *between, limit, SPANS[resolution])
    return [PointView(**row) for row in rows]


async def load_missing(conn: Connection, device_no: int, between: tuple[datetime, datetime]) -> Any:
    return await conn.fetchrow(MISSING, device_no, *between)


async def list_refusals(
    conn: Connection, visible: list[str] | None, *, after: tuple[str, str, str, str], limit: int
) -> list[RefusalView]:
    """Read what was refused; what nobody knows the store of is shown to those who see every store."""
    rows = await conn.fetch(
        """SELECT * FROM climate_refusals
           WHERE (store_id, device_id, channel, code) > ($1, $2, $3, $4)
             AND ($5::text[] IS NULL OR store_id = ANY($5))
           ORDER BY store_id, device_id, channel, code LIMIT $6""",
        *after,
        visible,
        limit,
    )
    return [RefusalView(**row) for row in rows]

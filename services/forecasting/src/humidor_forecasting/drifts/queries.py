"""Statements of the watch: a piece of series at a time, whatever their number."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_forecasting.drifts.rules import STALE_DAYS, Judged
from humidor_forecasting.drifts.schemas import DriftView

Due: TypeAlias = tuple[str, str, date]
BUSY_SERIES = 8

_DUE = """
SELECT s.store_id, s.gtin, t.until
FROM demand_series s LEFT JOIN stores z USING (store_id) LEFT JOIN watched_series w USING (store_id, gtin)
CROSS JOIN LATERAL (
    SELECT ($1::timestamptz AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date - 1 AS until) t
WHERE (s.store_id, s.gtin) > ($2, $3) AND (w.until IS NULL OR w.until < t.until)
ORDER BY 1, 2 LIMIT $4
"""
# Each day against the newest forecast there was by then, and its band: a forecast made after demand has
# changed expects more errors, but not of the days before it. Left out: days of a stock-out with less than was
# forecast, and days on which a busy store sold nothing at all.
_JUDGE = """
WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[], $3::date[]) AS a(store_id, gtin, until)),
stores_asked AS (
    SELECT a.store_id, min(a.until) AS until, coalesce(max(z.time_zone), 'UTC') AS zone,
           (SELECT count(*) FROM demand_series s WHERE s.store_id = a.store_id) >= $4 AS busy
    FROM asked a LEFT JOIN stores z USING (store_id) GROUP BY 1),
traded AS (
    SELECT s.store_id, d.day FROM stores_asked s CROSS JOIN LATERAL (
        SELECT DISTINCT day FROM demand_days d
        WHERE d.store_id = s.store_id AND d.day BETWEEN s.until - 15 AND s.until + 1 OFFSET 0) d
    WHERE s.busy),
days AS (
    SELECT a.store_id, a.gtin, a.until, n.forecast_id, n.model, n.days AS width, f.wape, f.band, f.mean,
           coalesce(d.sticks, 0) AS demanded
    FROM asked a JOIN stores_asked s USING (store_id)
    CROSS JOIN LATERAL (
        SELECT forecast_id, model, (scores->'watch'->>'days')::float8::int AS days FROM forecasts f
        WHERE f.store_id = a.store_id AND f.gtin = a.gtin AND f.starts_on <= a.until
        ORDER BY f.issued_at DESC, f.forecast_id DESC LIMIT 1) n
    CROSS JOIN LATERAL generate_series(0, n.days - 1) b(back)
    CROSS JOIN LATERAL (SELECT a.until - b.back AS day) g
    CROSS JOIN LATERAL (
        SELECT (f.days->(g.day - f.starts_on)->>0)::float8 AS mean,
               (scores->'watch'->>'wape')::float8 AS wape, (scores->'watch'->>'band')::float8 AS band
        FROM forecasts f
        WHERE f.store_id = a.store_id AND f.gtin = a.gtin AND f.starts_on <= g.day
        ORDER BY f.issued_at DESC, f.forecast_id DESC LIMIT 1) f
    LEFT JOIN LATERAL (
        SELECT sold_sticks + requested_sticks AS sticks FROM demand_days d
        WHERE d.store_id = a.store_id AND d.gtin = a.gtin AND d.day = g.day OFFSET 0) d ON true
    WHERE f.band IS NOT NULL AND f.mean IS NOT NULL
      AND NOT (s.busy AND NOT EXISTS (
              SELECT FROM traded t WHERE t.store_id = a.store_id AND t.day = g.day))
      AND NOT (coalesce(d.sticks, 0) < f.mean AND EXISTS (
              SELECT FROM stock_outs o WHERE o.store_id = a.store_id AND o.gtin = a.gtin
                AND (o.raised_at AT TIME ZONE s.zone)::date <= g.day
                AND (coalesce(o.closed_at, 'infinity') AT TIME ZONE s.zone)::date >= g.day)))
SELECT store_id, gtin, until, forecast_id, model, width, count(*)::int, sum(abs(mean - demanded))::float8,
       sum(demanded)::float8, sum(mean)::float8, avg(wape), avg(band)
FROM days GROUP BY store_id, gtin, until, forecast_id, model, width ORDER BY 1, 2
"""
_SEEN = """
INSERT INTO watched_series SELECT * FROM unnest($1::text[], $2::text[], $3::date[]) ORDER BY 1, 2
ON CONFLICT (store_id, gtin) DO UPDATE SET until = excluded.until
"""
_FIGURES = """
unnest($1::text[], $2::text[], $3::date[], $4::uuid[], $5::text[], $6::int[], $7::float8[], $8::float8[],
       $9::float8[], $10::float8[], $11::boolean[], $12::uuid[])
    AS n(store_id, gtin, until, forecast_id, model, days, wape, expected_wape, band, bias_sticks, outside, id)
"""
_FOLLOW = f"""
UPDATE drifts d
SET until = n.until, days = n.days, wape = n.wape, worst_wape = greatest(d.worst_wape, n.wape),
    expected_wape = n.expected_wape, band = n.band, bias_sticks = n.bias_sticks,
    forecast_id = n.forecast_id, model = n.model,
    closed_at = CASE WHEN NOT n.outside THEN $13::timestamptz END
FROM {_FIGURES}
WHERE d.store_id = n.store_id AND d.gtin = n.gtin AND d.closed_at IS NULL
"""  # noqa: S608 - our own text
_OPEN = f"""
INSERT INTO drifts (drift_id, store_id, gtin, forecast_id, model, opened_on, until, days, wape, worst_wape,
                    expected_wape, band, bias_sticks, noticed_at)
SELECT n.id, n.store_id, n.gtin, n.forecast_id, n.model, n.until, n.until, n.days, n.wape, n.wape,
       n.expected_wape, n.band, n.bias_sticks, $13
FROM {_FIGURES} WHERE n.outside ORDER BY n.store_id, n.gtin
ON CONFLICT (store_id, gtin) WHERE closed_at IS NULL DO NOTHING
RETURNING *
"""  # noqa: S608 - our own text


async def take_turn(conn: Connection) -> bool:
    """Whether this worker may watch until its transaction ends; one at a time does."""
    held: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(7302003)")
    return held


async def due(conn: Connection, after: tuple[str, str], limit: int, *, now: datetime) -> list[Due]:
    """Name series whose newest whole day has not been judged, with that day."""
    return [(row[0], row[1], row[2]) for row in await conn.fetch(_DUE, now, *after, limit)]


async def judge(conn: Connection, series: Sequence[Due]) -> list[Judged]:
    """Hold what was forecast of the last days against what was demanded; without series that have no band."""
    return [Judged(*row) for row in await conn.fetch(_JUDGE, *columns_of(series), BUSY_SERIES)]


async def note(
    conn: Connection, series: Sequence[Due], judged: Sequence[Judged], *, now: datetime
) -> list[Any]:
    """Keep up episodes, open new ones, and give these; the series count as watched up to their day."""
    opened: list[Any] = []
    if judged:
        columns = columns_of([
            (j.store_id, j.gtin, j.until, j.forecast_id, j.model, j.days, j.wape, j.expected_wape, j.band,
             j.bias_sticks, j.outside, uuid7())
            for j in judged
        ])  # fmt: skip
        await conn.execute(_FOLLOW, *columns, now)
        opened = await conn.fetch(_OPEN, *columns, now)
    await conn.execute(_SEEN, *columns_of(series))
    return opened


async def close_stale(conn: Connection, *, now: datetime) -> None:
    """Close episodes of series that are judged no more."""
    await conn.execute(
        "UPDATE drifts SET closed_at = $1 WHERE closed_at IS NULL AND until < $2",
        now,
        (now - timedelta(days=STALE_DAYS)).date(),
    )


async def page(
    conn: Connection, *, stores: list[str] | None, is_open: bool | None, before: UUID, limit: int
) -> list[DriftView]:
    """Read episodes, the newest first."""
    rows = await conn.fetch(
        """SELECT * FROM drifts WHERE drift_id < $1 AND ($2::text[] IS NULL OR store_id = ANY($2))
             AND ($3::boolean IS NULL OR (closed_at IS NULL) = $3)
           ORDER BY drift_id DESC LIMIT $4""",
        before,
        stores,
        is_open,
        limit,
    )
    return [DriftView(**row) for row in rows]

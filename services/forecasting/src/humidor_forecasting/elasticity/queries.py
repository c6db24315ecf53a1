"""Statements that read weeks of demand with what was paid and promoted in them."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.aggregates.queries import IN_SCOPE, Scope
from humidor_forecasting.elasticity.work import Weeks

Pair: TypeAlias = tuple[str, str]
_SERIES = f"""
SELECT s.store_id, s.gtin FROM demand_series s
WHERE {IN_SCOPE} AND s.last_day >= $7::date AND EXISTS (
    SELECT FROM demand_days d WHERE (d.store_id, d.gtin) = (s.store_id, s.gtin)
      AND d.day >= $7 AND d.day < $8::date AND d.sold_sticks > 0 AND d.amount_minor > 0)
ORDER BY 1, 2 LIMIT $9
"""  # noqa: S608 - our own text
# Whole weeks since a series began. Regular is what is paid outside of promotions.
_WEEKS = """
SELECT p.store_id || '/' || p.gtin AS series,
       array_agg((w.monday - date '1990-01-01') / 7 ORDER BY w.monday) AS weeks,
       array_agg(w.sticks ORDER BY w.monday) AS sticks, array_agg(w.price ORDER BY w.monday) AS prices,
       array_agg(f.share ORDER BY w.monday) AS promoted,
       array_agg(o.days && daterange(w.monday, w.monday + 7) ORDER BY w.monday) AS outs
FROM unnest($1::text[], $2::text[]) AS p(store_id, gtin) JOIN demand_series s USING (store_id, gtin)
CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(daterange(m.starts_on, m.ends_on, '[]')), '{}') AS days
    FROM promotions m
    WHERE m.ends_on >= $3 AND m.starts_on < $4
      AND (m.store_ids IS NULL OR p.store_id = ANY(m.store_ids))
      AND (m.gtins IS NULL OR p.gtin = ANY(m.gtins))) m
CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(daterange((u.raised_at AT TIME ZONE z.zone)::date,
                                        (u.closed_at AT TIME ZONE z.zone)::date, '[]')), '{}') AS days
    FROM stock_outs u CROSS JOIN LATERAL (
        SELECT coalesce((SELECT time_zone FROM stores WHERE store_id = p.store_id), 'UTC') AS zone) z
    WHERE (u.store_id, u.gtin) = (p.store_id, p.gtin) AND u.raised_at < $4::date + 2) o
CROSS JOIN LATERAL (
    SELECT date_trunc('week', d.day)::date AS monday, sum(d.sold_sticks)::float8 AS sticks,
           (sum(d.amount_minor) FILTER (WHERE NOT d.day <@ m.days)
            / sum(d.sold_sticks) FILTER (WHERE NOT d.day <@ m.days))::float8 AS price
    FROM demand_days d
    WHERE d.store_id = p.store_id AND d.gtin = p.gtin AND d.day >= $3::date AND d.day < $4::date
      AND d.sold_sticks > 0 AND d.amount_minor > 0
    GROUP BY 1) w
CROSS JOIN LATERAL (
    SELECT count(*) / 7.0::float8 AS share FROM generate_series(0, 6) g WHERE w.monday + g <@ m.days) f
WHERE w.monday >= s.first_day GROUP BY 1 ORDER BY 1
"""


async def series_of(conn: Connection, scope: Scope, first: date, end: date, limit: int) -> list[Pair]:
    """Name the series of a scope that tills sold at a price from `first` until before `end`."""
    return [(row[0], row[1]) for row in await conn.fetch(_SERIES, *scope.parameters, first, end, limit)]


async def weeks_of(conn: Connection, pairs: Sequence[Pair], first: date, end: date) -> list[Weeks]:
    """Read weeks from the Monday `first` until before the Monday `end`; sold-out ones are only counted."""
    rows = await conn.fetch(_WEEKS, *columns_of(pairs), first, end) if pairs else []
    found = []
    for row in rows:
        kept = [place for place, out in enumerate(row["outs"]) if not out]
        columns = {
            name: [row[name][place] for place in kept] for name in ("weeks", "sticks", "prices", "promoted")
        }
        found.append(Weeks(series=row["series"], **columns, sold_out=len(row["outs"]) - len(kept)))
    return found

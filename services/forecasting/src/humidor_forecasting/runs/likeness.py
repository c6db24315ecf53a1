"""Finds what is like a series without a history: its product in other stores, products alike in its store."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.choosing.work import Analogue
from humidor_forecasting.runs import likeness_rules as rules

Pair: TypeAlias = tuple[str, str]
LEAST_DAYS = 28
RECENT_DAYS = 56
MOST_OF_A_KIND = 5

# $3 is the day until which demand is known. A series counts that has sold for four weeks and still does.
_ALIKE = f"""
WITH pairs AS (
    SELECT p.store_id, p.gtin, i.like_gtins, q.brand, q.price_class, q.retail_price_per_pack AS price
    FROM unnest($1::text[], $2::text[]) AS p(store_id, gtin)
    LEFT JOIN products q USING (gtin)
    LEFT JOIN introduced_series USING (store_id, gtin) LEFT JOIN introductions i USING (introduction_id)),
sold AS (
    SELECT * FROM demand_series
    WHERE first_day <= $3::date - {LEAST_DAYS} AND last_day >= $3::date - {LEAST_DAYS}),
found AS (
    SELECT p.store_id, p.gtin, s.store_id AS of_store, s.gtin AS of_gtin, s.first_day,
           s.gtin = ANY(p.like_gtins) AS named, o.brand = p.brand AS brand,
           o.price_class = p.price_class AS class, abs(ln(o.retail_price_per_pack::float8 / p.price)) AS apart
    FROM pairs p JOIN sold s ON s.store_id = p.store_id AND s.gtin <> p.gtin
    JOIN products o ON o.gtin = s.gtin
    WHERE s.gtin = ANY(p.like_gtins) OR o.brand = p.brand OR o.price_class = p.price_class
    UNION ALL
    SELECT p.store_id, p.gtin, s.store_id, s.gtin, s.first_day, false, true, true, 0
    FROM pairs p JOIN sold s ON s.gtin = p.gtin AND s.store_id <> p.store_id),
stores_found AS (SELECT store_id FROM pairs UNION SELECT of_store FROM found),
sizes AS (
    SELECT f.store_id, sum(d.sold_sticks + d.requested_sticks)::float8 AS sticks,
           count(DISTINCT d.day) AS days,
           (SELECT min(first_day) FROM demand_series s WHERE s.store_id = f.store_id) AS since
    FROM stores_found f LEFT JOIN demand_days d
      ON d.store_id = f.store_id AND d.day > $3::date - {RECENT_DAYS} AND d.day <= $3
    GROUP BY 1),
ranked AS (
    SELECT f.*, h.sticks AS here, h.days AS here_days, t.sticks AS there, t.since,
           row_number() OVER (
               PARTITION BY f.store_id, f.gtin, f.of_store = f.store_id
               ORDER BY f.named DESC NULLS LAST, f.brand::int + f.class::int DESC NULLS LAST,
                        f.apart NULLS LAST, abs(ln(nullif(t.sticks, 0) / nullif(h.sticks, 0))) NULLS LAST,
                        f.of_store, f.of_gtin) AS place
    FROM found f JOIN sizes h ON h.store_id = f.store_id JOIN sizes t ON t.store_id = f.of_store)
SELECT * FROM ranked WHERE place <= {MOST_OF_A_KIND} ORDER BY store_id, gtin, of_store, of_gtin
"""  # noqa: S608 - our own text
_VALUES = """
SELECT p.store_id, p.gtin,
       coalesce(array_agg(d.day - p.first) FILTER (WHERE d.day < p.first + $5::int), '{}'),
       coalesce(array_agg(d.sticks) FILTER (WHERE d.day < p.first + $5::int), '{}'),
       coalesce(array_agg(d.day - p.recent) FILTER (WHERE d.day >= p.recent), '{}'),
       coalesce(array_agg(d.sticks) FILTER (WHERE d.day >= p.recent), '{}')
FROM unnest($1::text[], $2::text[], $3::date[], $4::date[]) AS p(store_id, gtin, first, recent)
LEFT JOIN LATERAL (
    SELECT day, (sold_sticks + requested_sticks)::float8 AS sticks FROM demand_days d
    WHERE d.store_id = p.store_id AND d.gtin = p.gtin AND d.day <= $6::date
      AND (d.day >= p.recent OR d.day < p.first + $5::int)) d ON true
GROUP BY 1, 2
"""


async def analogues_of(
    conn: Connection, pairs: Sequence[Pair], *, until: date, horizon_days: int
) -> dict[Pair, list[Analogue]]:
    """Give what is like each of these series, with its demand; without those that are like nothing."""
    rows = await conn.fetch(_ALIKE, *columns_of(pairs), until) if pairs else []
    if not rows:
        return {}
    values = await _values(conn, rows, until, horizon_days)
    found: dict[Pair, list[Analogue]] = {}
    for row in rows:
        curves = values[row["of_store"], row["of_gtin"]]
        analogue = rules.analogue_of(dict(row), curves, until)
        if analogue is not None:
            found.setdefault((row["store_id"], row["gtin"]), []).append(analogue)
    return found


async def _values(
    conn: Connection, rows: Sequence[Any], until: date, horizon_days: int
) -> Mapping[Pair, tuple[list[float], list[float]]]:
    recent = until - timedelta(days=RECENT_DAYS - 1)
    wanted = sorted({(row["of_store"], row["of_gtin"], row["first_day"], recent) for row in rows})
    lengths = {each[:2]: (until - each[2]).days + 1 for each in wanted}
    launch_days = horizon_days + 14
    found = {}
    for row in await conn.fetch(_VALUES, *columns_of(wanted), launch_days, until):
        pair = row[0], row[1]
        launch = rules.dense(row[2], row[3], min(launch_days, lengths[pair]))
        found[pair] = launch, rules.dense(row[4], row[5], min(RECENT_DAYS, lengths[pair]), RECENT_DAYS)
    return found

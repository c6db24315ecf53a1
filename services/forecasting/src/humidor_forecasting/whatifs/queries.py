"""Statements that read what prices and promotions did to series in the past."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.whatifs.work import PastPromotion

Pair: TypeAlias = tuple[str, str]
LEARNT_DAYS = 730
MOST_EVENTS = 5000

_PAIRS = "unnest($1::text[], $2::text[]) AS p(store_id, gtin)"
_LIKE = f"""
SELECT s.store_id, s.gtin FROM demand_series s JOIN products q USING (gtin)
WHERE q.price_class IN (SELECT price_class FROM products JOIN {_PAIRS} USING (gtin))
ORDER BY hashtextextended(s.store_id || s.gtin, 0) LIMIT $3
"""  # noqa: S608 - our own text
# What is expected of a promotion's days is the mean of the same weekdays of the four weeks before it.
_PROMOTIONS = f"""
SELECT p.store_id || '/' || p.gtin, m.promotion_id, m.mechanic, m.discount_percent,
       coalesce((SELECT sum(d.sold_sticks + d.requested_sticks) FROM demand_days d
                 WHERE d.store_id = p.store_id AND d.gtin = p.gtin
                   AND d.day BETWEEN m.starts_on AND m.ends_on),
                0)::float8,
       coalesce((SELECT sum((d.sold_sticks + d.requested_sticks) * n.days) / 4
                 FROM demand_days d JOIN (
                     SELECT extract(isodow FROM g) AS weekday, count(*) AS days
                     FROM generate_series(m.starts_on::timestamp, m.ends_on, interval '1 day') g GROUP BY 1) n
                   ON n.weekday = extract(isodow FROM d.day)
                 WHERE d.store_id = p.store_id AND d.gtin = p.gtin
                   AND d.day >= m.starts_on - 28 AND d.day < m.starts_on), 0)::float8
FROM {_PAIRS} JOIN demand_series s USING (store_id, gtin)
JOIN promotions m ON (m.store_ids IS NULL OR p.store_id = ANY(m.store_ids))
                 AND (m.gtins IS NULL OR p.gtin = ANY(m.gtins))
WHERE m.ends_on < $3::date AND m.ends_on >= $3::date - {LEARNT_DAYS} AND s.first_day <= m.starts_on - 28
ORDER BY m.ends_on DESC, 1, 2 LIMIT {MOST_EVENTS}
"""  # noqa: S608 - our own text
_PRICES = f"""
SELECT p.store_id, p.gtin, coalesce(q.sticks_per_pack, 20) AS sticks_per_pack, q.retail_price_per_pack,
       r.price, r.low, r.high
FROM {_PAIRS} LEFT JOIN products q USING (gtin)
CROSS JOIN LATERAL (
    SELECT (sum(amount_minor) FILTER (WHERE d.day >= $3::date - 28)
            / nullif(sum(sold_sticks) FILTER (WHERE d.day >= $3::date - 28), 0))::float8 AS price,
           min(amount_minor / sold_sticks)::float8 AS low, max(amount_minor / sold_sticks)::float8 AS high
    FROM demand_days d
    WHERE d.store_id = p.store_id AND d.gtin = p.gtin AND d.sold_sticks > 0 AND d.amount_minor > 0
      AND d.day >= $3::date - {LEARNT_DAYS} AND d.day < $3) r
"""  # noqa: S608 - our own text


async def series_like(conn: Connection, pairs: Sequence[Pair], limit: int) -> list[Pair]:
    """Name series of the same price classes, these among them, in an order that is the same every time."""
    return [(row[0], row[1]) for row in await conn.fetch(_LIKE, *columns_of(pairs), limit)]


async def promotions_of(conn: Connection, pairs: Sequence[Pair], today: date) -> list[PastPromotion]:
    rows = await conn.fetch(_PROMOTIONS, *columns_of(pairs), today) if pairs else []
    return [PastPromotion(*row) for row in rows]


async def prices_of(conn: Connection, pairs: Sequence[Pair], today: date) -> dict[Pair, Any]:
    """Read what a stick of each series costs, and cost at least and at most on a day of two years."""
    rows = await conn.fetch(_PRICES, *columns_of(pairs), today) if pairs else []
    return {(row["store_id"], row["gtin"]): row for row in rows}

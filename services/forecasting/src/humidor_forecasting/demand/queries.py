"""Statements that read demand, of any level of stores and of products."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from humidor_common.db.pool import Connection, Pool
from humidor_forecasting.demand.schemas import Channel, Grain, SeriesView

_STORES = {
    "store": "store_id = $3",
    "area": "store_id IN (SELECT store_id FROM store_areas WHERE area = $3)",
    "total": "$3::text IS NULL",
}
_PRODUCTS = {
    "product": "gtin = $4",
    "brand": "gtin IN (SELECT gtin FROM products WHERE brand = $4)",
    "class": "gtin IN (SELECT gtin FROM products WHERE price_class = $4)",
    "all": "$4::text IS NULL",
}
_SUMS = {
    "retail": ("sum(d.sold_sticks)", "0"),
    "trade": ("0", "sum(d.requested_sticks)"),
    "both": ("sum(d.sold_sticks)", "sum(d.requested_sticks)"),
}


@dataclass(frozen=True)
class Wanted:
    """Which demand: a level of stores and one of products, each with its key, and the days."""

    store_level: str
    store_key: str | None
    product_level: str
    product_key: str | None
    first: date
    last: date
    channel: Channel
    grain: Grain

    @property
    def parameters(self) -> tuple[Any, ...]:
        return self.first, self.last, self.store_key, self.product_key, self.grain


def statement(wanted: Wanted) -> str:
    """Build the statement: each level has a WHERE of its own, so that each finds its index."""
    stores, products = _STORES[wanted.store_level], _PRODUCTS[wanted.product_level]
    sold, requested = _SUMS[wanted.channel]
    return f"""
WITH sums AS (
    SELECT date_trunc($5, d.day)::date AS period, {sold} AS sold, {requested} AS requested,
           sum(d.cut_sticks) AS cut, sum(d.amount_minor) AS amount, max(d.currency) AS currency,
           count(DISTINCT d.currency) AS currencies, sum(d.sold_sticks) AS priced,
           count(DISTINCT d.day) AS days
    FROM demand_days d WHERE d.day BETWEEN $1 AND $2 AND {stores} AND {products} GROUP BY 1),
outs AS (
    SELECT date_trunc($5, g.day)::date AS period, count(DISTINCT (o.store_id, o.gtin)) AS series
    FROM stock_outs o LEFT JOIN stores s USING (store_id)
    CROSS JOIN LATERAL (SELECT coalesce(s.time_zone, 'UTC') AS zone) z
    CROSS JOIN LATERAL generate_series(
        greatest((o.raised_at AT TIME ZONE z.zone)::date, $1)::timestamp,
        least((coalesce(o.closed_at, now()) AT TIME ZONE z.zone)::date, $2)::timestamp,
        interval '1 day') g(day)
    WHERE {stores.replace("store_id", "o.store_id", 1)} AND {products.replace("gtin", "o.gtin", 1)}
      AND o.raised_at < $2::date + 2 AND coalesce(o.closed_at, 'infinity') > $1::date - 2
    GROUP BY 1),
traded AS (
    SELECT DISTINCT d.day FROM demand_days d WHERE d.day BETWEEN $1 AND $2 AND {stores}),
closed AS (
    SELECT date_trunc($5, g.day)::date AS period, count(*) AS days
    FROM generate_series((SELECT min(day) FROM traded)::timestamp, (SELECT max(day) FROM traded)::timestamp,
                         interval '1 day') g(day)
    WHERE g.day::date NOT IN (SELECT day FROM traded) GROUP BY 1),
offered AS (
    SELECT date_trunc($5, g.day)::date AS period, array_agg(DISTINCT p.promotion_id) AS promotions
    FROM promotions p
    CROSS JOIN LATERAL generate_series(greatest(p.starts_on, $1)::timestamp, least(p.ends_on, $2)::timestamp,
                                       interval '1 day') g(day)
    WHERE p.ends_on >= $1 AND p.starts_on <= $2
      AND (p.store_ids IS NULL OR EXISTS (SELECT FROM unnest(p.store_ids) AS u(store_id) WHERE {stores}))
      AND (p.gtins IS NULL OR EXISTS (SELECT FROM unnest(p.gtins) AS v(gtin) WHERE {products}))
    GROUP BY 1)
SELECT t.day::date AS starts_on, coalesce(s.sold, 0)::bigint AS sold,
       coalesce(s.requested, 0)::bigint AS requested,
       coalesce(s.cut, 0)::bigint AS cut, coalesce(s.amount, 0)::bigint AS amount,
       CASE WHEN s.currencies = 1 THEN s.currency END AS currency,
       CASE WHEN s.currencies = 1 AND s.priced > 0 THEN (s.amount / s.priced)::float8 END AS price,
       coalesce(s.days, 0)::int AS days, coalesce(o.series, 0)::int AS series,
       coalesce(f.promotions, '{{}}') AS promotions, coalesce(c.days, 0)::int AS closed
FROM generate_series(date_trunc($5, $1::timestamp), $2::timestamp, ('1 ' || $5)::interval) t(day)
LEFT JOIN sums s ON s.period = t.day::date LEFT JOIN outs o ON o.period = t.day::date
LEFT JOIN closed c ON c.period = t.day::date LEFT JOIN offered f ON f.period = t.day::date
ORDER BY 1
"""  # noqa: S608 - our own text


async def read_periods(conn: Connection, wanted: Wanted) -> Sequence[Any]:
    return await conn.fetch(statement(wanted), *wanted.parameters)


async def zone_of_one(pool: Pool, store_id: str | None) -> str:
    """Give the time zone of a store; where it is not named or not known, that of one of them."""
    zone: str = await pool.fetchval(
        """SELECT coalesce((SELECT time_zone FROM stores WHERE store_id = $1),
                           (SELECT time_zone FROM stores LIMIT 1), 'UTC')""",
        store_id,
    )
    return zone


async def page_series(
    conn: Connection, *, store_id: str | None, stores: list[str] | None, after: tuple[str, str], limit: int
) -> list[SeriesView]:
    rows = await conn.fetch(
        """SELECT store_id, gtin, first_day, last_day, changed_at FROM demand_series
           WHERE (store_id, gtin) > ($1, $2) AND ($3::text IS NULL OR store_id = $3)
             AND ($4::text[] IS NULL OR store_id = ANY($4))
           ORDER BY store_id, gtin LIMIT $5""",
        *after,
        store_id,
        stores,
        limit,
    )
    return [SeriesView(**row) for row in rows]

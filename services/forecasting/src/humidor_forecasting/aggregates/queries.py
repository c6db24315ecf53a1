"""Statements that read the newest forecasts of many series, and how their demand goes together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from humidor_common.db.pool import Connection
from humidor_forecasting.demand.schemas import Channel
from humidor_forecasting.forecasts.queries import KNOWN_SERIES

By: TypeAlias = Literal["none", "store", "area", "product", "brand", "class"]
MEASURED_DAYS = 56


@dataclass(frozen=True)
class Scope:
    """Which series: those of some stores or an area, and of some products, a brand or a price class.

    `retail` are those of stores, `trade` those of warehouses, of which stores order.
    """

    store_ids: list[str] | None = None
    area: str | None = None
    gtins: list[str] | None = None
    brand: str | None = None
    price_class: str | None = None
    channel: Channel = "both"

    @property
    def parameters(self) -> tuple[Any, ...]:
        return self.store_ids, self.area, self.gtins, self.brand, self.price_class, self.channel


IN_SCOPE = """($1::text[] IS NULL OR s.store_id = ANY($1))
      AND ($2::text IS NULL OR s.store_id IN (SELECT store_id FROM store_areas WHERE area = $2))
      AND ($3::text[] IS NULL OR s.gtin = ANY($3))
      AND ($4::text IS NULL OR s.gtin IN (SELECT gtin FROM products WHERE brand = $4))
      AND ($5::text IS NULL OR s.gtin IN (SELECT gtin FROM products WHERE price_class = $5))
      AND ($6::text = 'both' OR ($6 = 'trade') = (
          s.store_id IN (SELECT store_id FROM stores WHERE kind = 'warehouse')))"""
_GROUP: dict[By, str] = {
    "none": "''",
    "store": "s.store_id",
    "area": "coalesce(a.area, '')",
    "product": "s.gtin",
    "brand": "coalesce(p.brand, '')",
    "class": "coalesce(p.price_class, '')",
}


def _newest(by: By) -> str:
    return f"""
SELECT s.store_id, s.gtin, {_GROUP[by]} AS part, f.starts_on, f.horizon_days, f.probabilities, f.days,
       f.cumulative, coalesce(k.kind = 'warehouse', false) AS trade
FROM {KNOWN_SERIES} s LEFT JOIN stores k USING (store_id)
LEFT JOIN products p USING (gtin) LEFT JOIN store_areas a USING (store_id)
CROSS JOIN LATERAL (
    SELECT starts_on, horizon_days, probabilities, days, cumulative FROM forecasts f
    WHERE f.store_id = s.store_id AND f.gtin = s.gtin
    ORDER BY f.issued_at DESC, f.forecast_id DESC LIMIT 1) f
WHERE {IN_SCOPE} AND f.starts_on + f.horizon_days > $7::date
ORDER BY 3, 1, 2 LIMIT $8
"""  # noqa: S608 - our own text


# What weekdays do not explain of the days' sums, against what it would be if series had nothing in common.
# A series' own variance is that around its weekdays' means, of eight weeks: 8 / 7 of the mean square.
_TOGETHER = f"""
WITH known AS (SELECT s.store_id, s.gtin FROM demand_series s WHERE {IN_SCOPE}),
cells AS (
    SELECT d.store_id, d.gtin, extract(isodow FROM d.day) AS weekday, d.day,
           (d.sold_sticks + d.requested_sticks)::float8 AS sticks
    FROM known JOIN demand_days d USING (store_id, gtin)
    WHERE d.day >= $7::date - {MEASURED_DAYS} AND d.day < $7::date),
own AS (
    SELECT store_id, gtin, sum(squares - sums * sums / 8) / 49 AS variance
    FROM (SELECT store_id, gtin, weekday, sum(sticks * sticks) AS squares, sum(sticks) AS sums
          FROM cells GROUP BY 1, 2, 3) w GROUP BY 1, 2),
totals AS (SELECT weekday, day, sum(sticks) AS sticks FROM cells GROUP BY 1, 2),
whole AS (
    SELECT sum(squares - sums * sums / 8) / 49 AS variance, sum(days) AS days
    FROM (SELECT weekday, sum(sticks * sticks) AS squares, sum(sticks) AS sums, count(*) AS days
          FROM totals GROUP BY 1) w)
SELECT w.variance, w.days, o.alone, o.together
FROM whole w, (SELECT sum(variance) AS alone, sum(sqrt(greatest(variance, 0))) ^ 2 AS together FROM own) o
"""  # noqa: S608 - our own text


async def newest(conn: Connection, scope: Scope, by: By, *, today: date, limit: int) -> Sequence[Any]:
    """Read the newest forecast of each series that reaches beyond `today`."""
    return await conn.fetch(_newest(by), *scope.parameters, today, limit)


async def together(conn: Connection, scope: Scope, *, today: date) -> float | None:
    """Give the mean correlation of series within a day, over eight weeks; None where it cannot be told."""
    row = await conn.fetchrow(_TOGETHER, *scope.parameters, today)
    if row is None or not row["days"] or row["days"] < MEASURED_DAYS // 2 or row["together"] is None:
        return None
    apart = row["together"] - row["alone"]
    return float(row["variance"] - row["alone"]) / apart if apart > 1e-9 else None

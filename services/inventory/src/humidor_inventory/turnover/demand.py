"""What other slices read of demand: one statement over the daily flows, whatever the number of products."""

import math
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection

Pair = tuple[str, str]

# By the primary key: the days of a store lie together, and a month of a product is one row.
_DEMAND = """
SELECT d.*, least(d.first_day, m.first_day) AS known_since FROM unnest($1::text[]) s
CROSS JOIN LATERAL (
    SELECT s AS store_id, f.gtin, sum(sold_sticks)::float8 AS total, sum(sold_sticks::float8 ^ 2) AS squares,
           min(day) AS first_day, max(day) FILTER (WHERE sold_sticks > 0) AS last_sale_day,
           count(*) FILTER (WHERE sold_sticks > 0) AS days_with_sales
    FROM daily_flows f
    WHERE f.store_id = s AND f.day BETWEEN $2 AND $3 AND ($4::text[] IS NULL OR f.gtin = ANY($4))
    GROUP BY f.gtin OFFSET 0) d
LEFT JOIN LATERAL (
    SELECT first_day FROM monthly_flows m WHERE m.store_id = d.store_id AND m.gtin = d.gtin
    ORDER BY month LIMIT 1) m ON true
ORDER BY d.store_id, d.gtin
"""


class Demand(NamedTuple):
    """Demand of one product in one store over `days` days of its calendar, in sticks a day.

    Sold less voided; returns do not lower it. `deviation` is that of single days (a sample's), 0 where there
    is only one day. `last_sale_day` is None where nothing was sold since the beginning of the window.
    """

    store_id: str
    gtin: str
    days: int
    mean_sticks: float
    deviation_sticks: float
    days_with_sales: int
    last_sale_day: date | None


async def daily_demand(
    conn: Connection,
    store_ids: Collection[str],
    *,
    since: date,
    until: date,
    gtins: Collection[str] | None = None,
) -> dict[Pair, Demand]:
    """Read the demand of all (or the given) products of these stores, from `since` to `until`, both included.

    A product without any movement in the window is left out. Days without a sale count with 0; a product that
    came into a store later than `since` is counted from the day of its first movement.
    """
    rows = await conn.fetch(
        _DEMAND, sorted(set(store_ids)), since, until, None if gtins is None else sorted(set(gtins))
    )
    return {(row["store_id"], row["gtin"]): _demand(row, since, until) for row in rows}


def _demand(row: Any, since: date, until: date) -> Demand:
    days = (until - max(since, row["known_since"])).days + 1
    mean = row["total"] / days
    variance = max(row["squares"] - days * mean * mean, 0.0) / (days - 1) if days > 1 else 0.0
    return Demand(
        store_id=row["store_id"],
        gtin=row["gtin"],
        days=days,
        mean_sticks=mean,
        deviation_sticks=math.sqrt(variance),
        days_with_sales=row["days_with_sales"],
        last_sale_day=row["last_sale_day"],
    )

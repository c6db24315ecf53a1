"""The two rates that the trade calls 动销率, kept apart."""

from datetime import date, timedelta
from typing import Any, Literal

from msgspec.structs import asdict

from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page, decode_cursor, encode_cursor
from humidor_inventory.turnover.rules.figures import ratio
from humidor_inventory.turnover.schemas import AssortmentRow, FigureView

By = Literal["none", "store", "brand", "price_class"]
_COLUMNS = {"store": "store_id", "brand": "brand", "price_class": "price_class"}
# Each store's segments of two months, in the order of their key.
_RATES = """
SELECT key, sum(carried_skus)::bigint AS carried_skus, sum(sold_skus)::bigint AS sold_skus,
       sum(bought)::bigint AS bought, sum(bought_before)::bigint AS bought_before,
       count(*) FILTER (WHERE bought > 0) AS outlets,
       count(*) FILTER (WHERE bought_before > 0) AS outlets_before
FROM (SELECT {key} AS key, f.store_id,
             coalesce(sum(carried_skus) FILTER (WHERE month = $1), 0) AS carried_skus,
             coalesce(sum(sold_skus) FILTER (WHERE month = $1), 0) AS sold_skus,
             coalesce(sum(f.bought) FILTER (WHERE month = $1), 0) AS bought,
             coalesce(sum(f.bought) FILTER (WHERE month = $2), 0) AS bought_before
      FROM stores s CROSS JOIN LATERAL (
          SELECT *, received_sticks + transferred_in_sticks AS bought FROM segment_flows f
          WHERE f.store_id = s.store_id AND f.month IN ($1, $2) OFFSET 0) f
      WHERE {mine} AND ($4::text IS NULL OR {key} > $4) GROUP BY 1, 2) outlets
GROUP BY key ORDER BY key LIMIT $5
"""


async def list_rates(
    conn: Connection, asked: tuple[date, By, list[str] | None], *, cursor: str | None, limit: int
) -> Page[AssortmentRow]:
    """Count what was carried and sold in the month, and compare what outlets bought with the month before.

    Of days that are over: a product is carried that lay on the shelf or sold.
    """
    day, by, stores = asked
    month = day.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    after = decode_cursor(cursor, str)[0] if cursor else None
    key = f"f.{_COLUMNS[by]}" if by != "none" else "''::text"
    mine = "$3::text[] IS NULL" if stores is None else "s.store_id = ANY($3::text[])"
    rows = await conn.fetch(_RATES.format(key=key, mine=mine), month, before, stores, after, limit + 1)
    items = [_row(row, by) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(rows[limit - 1]["key"]) if more else None)


def _row(row: Any, by: By) -> AssortmentRow:
    pull = None
    if by == "brand":
        now = row["bought"] / row["outlets"] if row["outlets"] else 0.0
        then = row["bought_before"] / row["outlets_before"] if row["outlets_before"] else 0.0
        pull = FigureView(**asdict(ratio(now, then)))
    return AssortmentRow(
        **({} if by == "none" else {_COLUMNS[by]: row["key"] or None}),
        carried_skus=row["carried_skus"],
        sold_skus=row["sold_skus"],
        active_sku_rate=ratio(row["sold_skus"], row["carried_skus"]).value,
        outlets=row["outlets"],
        bought_sticks=row["bought"],
        brand_pull_rate=pull,
    )

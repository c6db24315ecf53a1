"""Classes products by value and variation of demand."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_inventory.turnover.rules.classes import POLICIES, abc_classes, variation, xyz_class
from humidor_inventory.turnover.schemas import ClassRow

# Weeks are counted back from the last day, so each has seven.
_OF_STORE = """
SELECT gtin, ($3::date - day) / 7 AS week, sum(sold_sticks)::bigint AS sold,
       sum(revenue_minor)::bigint AS revenue
FROM daily_flows WHERE store_id = $1 AND day > $2 AND day <= $3 GROUP BY 1, 2
"""
_OF_ALL = """
SELECT gtin, ($3::date - day) / 7 AS week, sum(sold_sticks)::bigint AS sold,
       sum(revenue_minor)::bigint AS revenue
FROM (SELECT gtin, day, sold_sticks, revenue_minor FROM product_days WHERE day > $2 AND day <= $3
      UNION ALL
      SELECT f.gtin, f.day, f.sold_sticks, f.revenue_minor
      FROM stores s LEFT JOIN closed_days c USING (store_id) CROSS JOIN LATERAL (
          SELECT * FROM daily_flows d WHERE d.store_id = s.store_id AND d.day > $2 AND d.day <= $3
            AND d.day > coalesce(c.through, '-infinity') OFFSET 0) f
      UNION ALL
      SELECT gtin, day, sold_sticks, revenue_minor FROM flow_corrections WHERE day > $2 AND day <= $3) days
WHERE $1::text IS NULL GROUP BY 1, 2
"""


class Cuts(NamedTuple):
    """Where the classes end: shares of value, and coefficients of variation."""

    a_share: Decimal
    b_share: Decimal
    x_cv: float
    y_cv: float


class _Product(NamedTuple):
    """What a product sold: in all, and in each week in which it sold."""

    revenue: int
    sold: int
    weeks: list[int]


async def list_classes(
    conn: Connection,
    asked: tuple[str | None, date, int],
    cuts: Cuts,
    *,
    cursor: str | None,
    limit: int,
) -> Page[ClassRow]:
    """Class every product that moved in these weeks; each currency by itself."""
    if cuts.a_share > cuts.b_share or cuts.x_cv > cuts.y_cv:
        raise invalid("b_share" if cuts.a_share > cuts.b_share else "y_cv", "is below the class before it")
    store_id, last, weeks = asked
    after = decode_cursor(cursor, str)[0] if cursor else ""
    products = await _read(conn, store_id, last, weeks)
    found = await conn.fetch(
        "SELECT gtin, currency FROM products WHERE gtin = ANY($1::text[])", list(products)
    )
    currencies = {row[0]: row[1] for row in found}
    classes = {
        gtin: abc
        for currency in sorted(set(currencies.values()), key=str)
        for gtin, abc in abc_classes(
            {gtin: each.revenue for gtin, each in products.items() if currencies.get(gtin) == currency},
            a_share=cuts.a_share,
            b_share=cuts.b_share,
        ).items()
    }
    rows = []
    for gtin in sorted(gtin for gtin in classes if gtin > after)[: limit + 1]:
        each = products[gtin]
        cv = variation(each.weeks, weeks)
        xyz = xyz_class(cv, x_cv=cuts.x_cv, y_cv=cuts.y_cv)
        rows.append(
            ClassRow(
                gtin=gtin,
                revenue_minor=each.revenue,
                currency=currencies[gtin],
                sold_sticks=each.sold,
                abc=classes[gtin],
                variation=None if cv is None else round(cv, 6),
                xyz=xyz,
                policy=POLICIES[classes[gtin] + xyz],
            )
        )
    more = len(rows) > limit
    return Page(items=rows[:limit], next_cursor=encode_cursor(rows[limit - 1].gtin) if more else None)


async def _read(conn: Connection, store_id: str | None, last: date, weeks: int) -> dict[str, _Product]:
    sql = _OF_ALL if store_id is None else _OF_STORE
    products: dict[str, _Product] = {}
    for gtin, _, sold, revenue in await conn.fetch(sql, store_id, last - timedelta(weeks=weeks), last):
        each = products.setdefault(gtin, _Product(0, 0, []))
        each.weeks.append(max(sold, 0))
        products[gtin] = each._replace(revenue=each.revenue + revenue, sold=each.sold + sold)
    return products

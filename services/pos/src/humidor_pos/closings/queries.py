"""Counts what a terminal's facts of one span of time add up to."""

from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_pos.closings.wire import Totals

_SALES = """
SELECT count(*), coalesce(sum(total), 0) FROM sales
 WHERE store_id = $1 AND sold_at >= $3 AND sold_at < $4 AND terminal_id = $2 AND currency = $5
"""
_RETURNS = """
SELECT count(*), coalesce(sum(total), 0) FROM returns
 WHERE store_id = $1 AND returned_at >= $3 AND returned_at < $4 AND terminal_id = $2 AND currency = $5
"""
_VOIDS = """
SELECT count(*) FROM voids
 WHERE store_id = $1 AND voided_at >= $3 AND voided_at < $4 AND terminal_id = $2
"""
_PAYMENTS = """
SELECT method, sum(amount) AS amount FROM (
    SELECT p ->> 'method' AS method, (p ->> 'amount')::numeric AS amount
      FROM sales, jsonb_array_elements(payments) AS p
     WHERE store_id = $1 AND sold_at >= $3 AND sold_at < $4 AND terminal_id = $2 AND currency = $5
    UNION ALL
    SELECT p ->> 'method', -(p ->> 'amount')::numeric FROM returns, jsonb_array_elements(payments) AS p
     WHERE store_id = $1 AND returned_at >= $3 AND returned_at < $4 AND terminal_id = $2 AND currency = $5
) AS moved GROUP BY method HAVING sum(amount) <> 0 ORDER BY method
"""


async def count_day(
    conn: Connection, store_id: str, terminal_id: str, bounds: tuple[datetime, datetime], currency: str
) -> Totals:
    """Add up the facts as they are recorded now."""
    where = (store_id, terminal_id, *bounds)
    sales = await conn.fetchrow(_SALES, *where, currency) or (0, 0)
    returns = await conn.fetchrow(_RETURNS, *where, currency) or (0, 0)
    payments = await conn.fetch(_PAYMENTS, *where, currency)
    return Totals(
        sale_count=sales[0],
        sale_total=int(sales[1]),
        return_count=returns[0],
        return_total=int(returns[1]),
        void_count=await conn.fetchval(_VOIDS, *where),
        by_payment={row["method"]: int(row["amount"]) for row in payments},
    )

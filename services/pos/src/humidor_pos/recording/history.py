"""What is recorded about one sale: its lines, what came back of it, and whether it was voided."""

from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_pos.facts.sold import SaleHistory, SoldLine

_SALE = """
SELECT s.sold_at, s.terminal_id, s.currency FROM fact_ids f
  JOIN sales s ON s.store_id = f.store_id AND s.sold_at = f.happened_at AND s.sale_id = f.fact_id
 WHERE f.store_id = $1 AND f.fact_id = $2 AND f.kind = 'sale'
"""
_LINES = """
SELECT line, gtin, quantity, unit, unit_price, lot, code FROM sale_lines
 WHERE store_id = $1 AND sold_at = $2 AND sale_id = $3 ORDER BY line
"""
_RETURNED = """
SELECT l ->> 'gtin' AS gtin, l ->> 'unit' AS unit, sum((l ->> 'quantity')::bigint)::bigint AS quantity
  FROM returns, jsonb_array_elements(lines) AS l
 WHERE store_id = $1 AND sale_id = $2 AND return_id <> $3 GROUP BY 1, 2
"""


async def find_sale(conn: Connection, store_id: str, sale_id: UUID, *, without: UUID) -> SaleHistory | None:
    """Load a sale with what happened to it, except for the fact `without`."""
    sale = await conn.fetchrow(_SALE, store_id, sale_id)
    if sale is None:
        return None
    lines = await conn.fetch(_LINES, store_id, sale["sold_at"], sale_id)
    returned = await conn.fetch(_RETURNED, store_id, sale_id, without)
    voided = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM voids WHERE store_id = $1 AND sale_id = $2 AND void_id <> $3)",
        store_id,
        sale_id,
        without,
    )
    return SaleHistory(
        sold_at=sale["sold_at"],
        terminal_id=sale["terminal_id"],
        currency=sale["currency"],
        lines=tuple(SoldLine(*row.values()) for row in lines),
        returned={(row["gtin"], row["unit"]): row["quantity"] for row in returned},
        voided=voided,
    )

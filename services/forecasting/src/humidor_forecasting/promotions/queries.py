"""Statements over promotions."""

from typing import Any

from humidor_common.db.pool import Connection
from humidor_forecasting.promotions.schemas import PromotionView

PUT = """
INSERT INTO promotions (promotion_id, name, starts_on, ends_on, store_ids, gtins, mechanic, discount_percent,
                        version, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)
ON CONFLICT (promotion_id) DO UPDATE
SET name = $2, starts_on = $3, ends_on = $4, store_ids = $5, gtins = $6, mechanic = $7, discount_percent = $8,
    version = promotions.version + 1, changed_at = $9
RETURNING *
"""


async def read(conn: Connection, promotion_id: str, *, lock: bool = False) -> PromotionView | None:
    sql = "SELECT * FROM promotions WHERE promotion_id = $1"
    row = await conn.fetchrow(f"{sql} FOR UPDATE" if lock else sql, promotion_id)
    return None if row is None else PromotionView(**row)


async def put(conn: Connection, *terms: Any) -> PromotionView:
    row = await conn.fetchrow(PUT, *terms)
    return PromotionView(**dict(row or {}))


async def page(conn: Connection, *, after: str, limit: int) -> list[PromotionView]:
    rows = await conn.fetch(
        "SELECT * FROM promotions WHERE promotion_id > $1 ORDER BY promotion_id LIMIT $2", after, limit
    )
    return [PromotionView(**row) for row in rows]

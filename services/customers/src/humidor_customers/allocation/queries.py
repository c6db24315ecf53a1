"""Statements over strategies and over what they go by."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.allocation.rules import Customer

_STRATEGY = """
SELECT s.*, t.code AS scheme_code, t.tiers, t.number AS scheme_number, c.code AS cycle_code,
       t.direction = 'highest_is_best' AS best_first
FROM strategies s JOIN tier_schemes t USING (scheme_id) JOIN order_cycles c USING (cycle_id)
"""
# Who has the best tier comes first: sharing gives what rounding leaves over in this order.
_CUSTOMERS = """
SELECT r.retailer_id, coalesce(t.tier, 0) AS tier, r.market_type, r.business_format, r.trade_area,
       r.sales_line, r.compliance_grade, r.tags
FROM retailers r LEFT JOIN retailer_tiers t ON t.retailer_id = r.retailer_id AND t.scheme_code = $1
WHERE r.state = 'active' AND r.merged_into IS NULL AND ($3::text[] IS NULL OR r.retailer_id = ANY($3))
ORDER BY t.tier IS NULL, CASE WHEN $2 THEN -t.tier ELSE t.tier END, r.retailer_id
"""
_SURVIVORS = """
WITH RECURSIVE gone AS (
    SELECT retailer_id, merged_into FROM retailers
    WHERE merged_into IS NOT NULL AND ($1::text[] IS NULL OR retailer_id = ANY($1))
    UNION ALL
    SELECT gone.retailer_id, r.merged_into FROM gone JOIN retailers r ON r.retailer_id = gone.merged_into
    WHERE r.merged_into IS NOT NULL
)
SELECT gone.retailer_id, gone.merged_into FROM gone JOIN retailers r ON r.retailer_id = gone.merged_into
WHERE r.merged_into IS NULL
"""


async def read(conn: Connection, strategy_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(f"{_STRATEGY} WHERE s.strategy_id = $1", strategy_id)
    return dict(row) if row else None


async def lock(conn: Connection, strategy_id: UUID) -> None:
    await conn.execute("SELECT FROM strategies WHERE strategy_id = $1 FOR UPDATE", strategy_id)


async def published(conn: Connection, cycle_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(f"{_STRATEGY} WHERE s.cycle_id = $1 AND s.state = 'published'", cycle_id)
    return dict(row) if row else None


async def lines(conn: Connection, strategy_id: UUID) -> list[asyncpg.Record]:
    return await conn.fetch("SELECT * FROM strategy_lines WHERE strategy_id = $1 ORDER BY line", strategy_id)


async def customers(
    conn: Connection, scheme_code: str, best_first: bool, retailer_ids: Sequence[str] | None = None
) -> list[Customer]:
    """Read active customers with their tier of a scheme, the best tier first, those without one last."""
    found = None if retailer_ids is None else list(retailer_ids)
    rows = await conn.fetch(_CUSTOMERS, scheme_code, best_first, found)
    return [Customer(*row) for row in rows]


async def survivors(conn: Connection, retailer_ids: Collection[str] | None = None) -> dict[str, str]:
    """Name who goes on for those (all, for None) that were merged."""
    rows = await conn.fetch(_SURVIVORS, None if retailer_ids is None else sorted(retailer_ids))
    return {row[0]: row[1] for row in rows}


async def offered_segments(conn: Connection) -> dict[str, str]:
    rows = await conn.fetch("SELECT gtin, price_segment FROM offers WHERE price_segment IS NOT NULL")
    return {row[0]: row[1] for row in rows}

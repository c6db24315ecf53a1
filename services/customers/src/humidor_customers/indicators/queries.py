"""Adds up the cells of a run by what is asked for."""

from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.allocation.rules import Cells
from humidor_customers.indicators.schemas import By

SUMS = Cells._fields[1:]
KEYS: dict[By, tuple[str, str, str]] = {
    "product": ("gtin", "-1", "min(price_segment)"),
    "tier": ("''", "tier", "NULL"),
    "segment": ("''", "-1", "coalesce(price_segment, '')"),
    "product_tier": ("gtin", "tier", "min(price_segment)"),
}
"""What stands for gtin, tier and segment in a row of each kind."""


async def page(
    conn: Connection, run_id: UUID, by: By, *, after: tuple[str, int, str], limit: int
) -> list[asyncpg.Record]:
    """Read sums in the order of gtin, tier and segment."""
    gtin, tier, segment = KEYS[by]
    keys = {"product": "gtin", "tier": "tier", "segment": "3", "product_tier": "gtin, tier"}[by]
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)
    statement = f"""
        SELECT * FROM (
            SELECT {gtin} AS gtin, {tier} AS tier, {segment} AS price_segment, {sums}
            FROM allocation_cells WHERE run_id = $1 GROUP BY {keys}
        ) s
        WHERE (gtin, tier, CASE WHEN $2 THEN price_segment ELSE '' END) > ($3, $4::int, $5)
        ORDER BY gtin, tier, price_segment LIMIT $6
    """  # noqa: S608 - names of ours
    arguments: tuple[Any, ...] = (run_id, by == "segment", *after, limit)
    return await conn.fetch(statement, *arguments)

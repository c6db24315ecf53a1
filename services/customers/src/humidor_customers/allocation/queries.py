"""Statements over strategies and over what they go by."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.allocation.rules import Customer
from humidor_customers.allocation.schemas import LineView, StrategyView
from humidor_customers.conditions import Conditions

_STRATEGY = """
SELECT s.*, t.code AS scheme_code, t.tiers, c.code AS cycle_code,
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
# One row for each customer, or one without any where none of them is active.
_PUBLISHED_FOR = """
SELECT s.strategy_id, s.version, s.unlisted, s.barred_grades, r.retailer_id, coalesce(t.tier, 0) AS tier,
       r.market_type, r.business_format, r.trade_area, r.sales_line, r.compliance_grade, r.tags
FROM strategies s JOIN tier_schemes x USING (scheme_id)
LEFT JOIN retailers r
     ON r.retailer_id = ANY($2::text[]) AND r.state = 'active' AND r.merged_into IS NULL
LEFT JOIN retailer_tiers t ON t.retailer_id = r.retailer_id AND t.scheme_code = x.code
WHERE s.cycle_id = $1 AND s.state = 'published'
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


async def published(conn: Connection, cycle_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(f"{_STRATEGY} WHERE s.cycle_id = $1 AND s.state = 'published'", cycle_id)
    return dict(row) if row else None


class Published(NamedTuple):
    """The strategy that a cycle goes by, and those of the customers asked for who are active."""

    strategy_id: UUID
    version: int
    unlisted: str
    barred_grades: Sequence[str]
    customers: Sequence[Customer]


async def published_for(conn: Connection, cycle_id: UUID, retailer_ids: Collection[str]) -> Published | None:
    rows = await conn.fetch(_PUBLISHED_FOR, cycle_id, list(retailer_ids))
    customers = [Customer(*row[4:]) for row in rows if row["retailer_id"] is not None]
    if not rows:
        return None
    first = rows[0]
    return Published(
        first["strategy_id"], first["version"], first["unlisted"], first["barred_grades"], customers
    )


async def lines(conn: Connection, strategy_id: UUID) -> list[asyncpg.Record]:
    """Read the lines of a strategy in their order."""
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


async def lock_cycle(conn: Connection, cycle_id: UUID) -> None:
    """Let nobody else change the strategies or the sharing of a cycle before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401011))", str(cycle_id))


async def knows_cycle(conn: Connection, cycle_id: UUID) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM order_cycles WHERE cycle_id = $1)", cycle_id))


async def unknown_retailers(conn: Connection, retailer_ids: Collection[str]) -> set[str]:
    rows = await conn.fetch(
        "SELECT retailer_id FROM retailers WHERE retailer_id = ANY($1::text[])", sorted(retailer_ids)
    )
    return set(retailer_ids) - {row[0] for row in rows}


async def write(conn: Connection, row: dict[str, Any]) -> None:
    await insert_row(conn, "strategies", row)


async def replace_lines(
    conn: Connection, strategy_id: UUID, rows: Sequence[dict[str, Any]], now: datetime
) -> None:
    await conn.execute("DELETE FROM strategy_lines WHERE strategy_id = $1", strategy_id)
    await conn.execute(
        """INSERT INTO strategy_lines
               (strategy_id, line, subject, code, price_segment, mode, audience, caps_sticks)
           SELECT $1, n, e.subject, e.code, e.price_segment, e.mode, e.audience, e.caps_sticks
           FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS k(each, n),
                jsonb_populate_record(NULL::strategy_lines, each) e""",
        strategy_id,
        rows,
    )
    await conn.execute(
        "UPDATE strategies SET lines = $2, version = version + 1, changed_at = $3 WHERE strategy_id = $1",
        strategy_id,
        len(rows),
        now,
    )


async def become(conn: Connection, strategy_id: UUID, state: str, by: str | None, now: datetime) -> None:
    """Put a strategy into a state; who publishes it is kept."""
    await conn.execute(
        """UPDATE strategies SET state = $2, version = version + 1, changed_at = $4,
               published_at = CASE WHEN $3::text IS NULL THEN published_at ELSE $4 END,
               published_by = coalesce($3, published_by)
           WHERE strategy_id = $1""",
        strategy_id,
        state,
        by,
        now,
    )


async def count_products(conn: Connection, strategy_id: UUID) -> int:
    found = await conn.fetchval(
        "SELECT count(DISTINCT code) FROM strategy_lines WHERE strategy_id = $1 AND subject = 'product'",
        strategy_id,
    )
    return int(found)


async def was_simulated(conn: Connection, strategy: StrategyView) -> bool:
    """Tell whether a simulation ran over the strategy as it now is."""
    found = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM allocation_runs WHERE strategy_id = $1 AND strategy_version = $2)""",
        strategy.strategy_id,
        strategy.version,
    )
    return bool(found)


async def page(
    conn: Connection, cycle_id: UUID | None, state: str | None, *, before: UUID, limit: int
) -> list[StrategyView]:
    """Read strategies, the newest first."""
    query = Conditions()
    query.where("s.strategy_id < ?", before)
    if cycle_id:
        query.where("s.cycle_id = ?", cycle_id)
    if state:
        query.where("s.state = ?", state)
    statement = f"{_STRATEGY} WHERE {query.sql} ORDER BY s.strategy_id DESC LIMIT {limit}"
    return [StrategyView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def page_lines(conn: Connection, strategy_id: UUID, *, after: int, limit: int) -> list[LineView]:
    rows = await conn.fetch(
        "SELECT * FROM strategy_lines WHERE strategy_id = $1 AND line > $2 ORDER BY line LIMIT $3",
        strategy_id,
        after,
        limit,
    )
    return [LineView(**row) for row in rows]


async def unknown_products(conn: Connection, gtins: Collection[str]) -> set[str]:
    """Name those products that nobody has told of."""
    rows = await conn.fetch("SELECT gtin FROM products WHERE gtin = ANY($1::text[])", sorted(gtins))
    return set(gtins) - {row[0] for row in rows}

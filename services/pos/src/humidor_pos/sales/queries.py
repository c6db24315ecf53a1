"""Sales as operators look for them; every query is bound to a store and reaches few partitions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection

_SUMMARY = """
SELECT s.sale_id, s.store_id, s.terminal_id, s.sold_at, s.recorded_at, s.currency, s.total, s.payments,
       s.member_id, s.age_check,
       (SELECT coalesce(f.exceptions, '{}') FROM fact_ids f
         WHERE f.store_id = s.store_id AND f.fact_id = s.sale_id) AS exceptions,
       CASE WHEN EXISTS (SELECT FROM voids v WHERE v.store_id = s.store_id AND v.sale_id = s.sale_id)
            THEN 'voided' ELSE 'accepted' END AS status
  FROM sales s
"""
_LINES = """
SELECT line, gtin, quantity, unit, unit_price, lot, code, carton FROM sale_lines
 WHERE store_id = $1 AND sold_at = $2 AND sale_id = $3 ORDER BY line
"""
# Without a store it asks for each store that has a terminal, by the leading column of the registry's key.
_PLACES = """
SELECT f.store_id, f.happened_at FROM fact_ids f
 WHERE f.fact_id = $1 AND f.kind = $2
   AND f.store_id = ANY(coalesce($3::text[], ARRAY(SELECT DISTINCT store_id FROM terminals)))
"""


class SaleFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sales of a store are wanted; None leaves a bound open."""

    store_id: str
    since: datetime
    until: datetime | None = None
    terminal_id: str | None = None
    member_id: str | None = None
    gtin: str | None = None


def list_statement(
    wanted: SaleFilter, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[str, list[Any]]:
    """Make the query for one page, newest first, with just the conditions that are asked for."""
    values: list[Any] = [wanted.store_id, wanted.since]
    conditions = ["s.store_id = $1", "s.sold_at >= $2"]

    def also(condition: str, *given: Any) -> None:
        numbers = [f"${len(values) + place}" for place in range(1, len(given) + 1)]
        values.extend(given)
        conditions.append(condition.format(*numbers))

    if wanted.until is not None:
        also("s.sold_at < {}", wanted.until)
    if wanted.terminal_id is not None:
        also("s.terminal_id = {}", wanted.terminal_id)
    if wanted.member_id is not None:
        also("s.member_id = {}", wanted.member_id)
    if wanted.gtin is not None:
        also(
            "EXISTS (SELECT FROM sale_lines l WHERE l.store_id = s.store_id AND l.sold_at = s.sold_at"
            " AND l.sale_id = s.sale_id AND l.gtin = {})",
            wanted.gtin,
        )
    if after is not None:
        also("(s.sold_at, s.sale_id) < ({}, {})", *after)
        also("s.sold_at <= {}", after[0])
    values.append(limit)
    where = " AND ".join(conditions)
    return f"{_SUMMARY} WHERE {where} ORDER BY s.sold_at DESC, s.sale_id DESC LIMIT ${len(values)}", values


async def list_sales(
    conn: Connection, wanted: SaleFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    sql, values = list_statement(wanted, after, limit)
    return [dict(row) for row in await conn.fetch(sql, *values)]


async def find_places(
    conn: Connection, fact_id: UUID, kind: str, stores: Sequence[str] | None
) -> list[tuple[str, datetime]]:
    """Find where facts with this id are kept: an id is unique in its store only."""
    rows = await conn.fetch(_PLACES, fact_id, kind, None if stores is None else list(stores))
    return [(row["store_id"], row["happened_at"]) for row in rows]


async def get_sale(conn: Connection, store_id: str, sold_at: datetime, sale_id: UUID) -> dict[str, Any]:
    sale = await conn.fetchrow(
        f"{_SUMMARY} WHERE s.store_id = $1 AND s.sold_at = $2 AND s.sale_id = $3", store_id, sold_at, sale_id
    )
    lines = await conn.fetch(_LINES, store_id, sold_at, sale_id)
    return dict(sale or {}) | {"lines": [dict(line) for line in lines]}

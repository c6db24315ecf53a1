"""Reads returns to suppliers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.supplier_returns.schemas import SupplierReturnView

_READ = """
SELECT r.*, l.lines FROM supplier_returns r CROSS JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(x) ORDER BY line) AS lines FROM supplier_return_lines x
    WHERE supplier_return_id = r.supplier_return_id) l
"""
_ONE = _READ + " WHERE r.supplier_return_id = $1"


async def get_return(conn: Connection, return_id: UUID) -> SupplierReturnView:
    row = await conn.fetchrow(_ONE, return_id)
    if row is None:
        raise not_found("return", return_id)
    return SupplierReturnView(**row)


async def list_returns(
    conn: Connection,
    visible: Sequence[str] | None,
    *,
    supplier_id: str | None = None,
    sent: bool = False,
    after: UUID,
    limit: int,
) -> list[SupplierReturnView]:
    """Read a page, of what has left only where it says `sent`."""
    conditions: list[str] = ["r.supplier_return_id > $2"]
    arguments: list[Any] = [limit, after]
    for condition, argument in (
        ("r.store_id = ANY(${}::text[])", visible),
        ("r.supplier_id = ${}", supplier_id),
    ):
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    if sent:
        conditions.append("r.dispatched_at IS NOT NULL")
    where = " AND ".join(conditions)
    rows = await conn.fetch(f"{_READ} WHERE {where} ORDER BY r.supplier_return_id LIMIT $1", *arguments)
    return [SupplierReturnView(**row) for row in rows]

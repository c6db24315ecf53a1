"""Statements over orders."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.orders.rules import STANDING
from humidor_customers.orders.schemas import Filters, LineView, OrderView

_ORDER = tuple(name for name in OrderView.model_fields if name != "lines")
_LINE = tuple(LineView.model_fields)
_SELECT = f"""
SELECT {", ".join(f"o.{name}" for name in _ORDER)},
       (SELECT jsonb_agg(to_jsonb(l) - 'order_id' ORDER BY l.line) FROM order_lines l
        WHERE l.order_id = o.order_id) AS lines
FROM orders o
"""  # noqa: S608 - names of ours
_WRITE = f"""
INSERT INTO orders ({", ".join(_ORDER)})
SELECT {", ".join(_ORDER)} FROM jsonb_populate_recordset(NULL::orders, $1::jsonb) ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE
SET ({", ".join(_ORDER[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _ORDER[1:])})
"""  # noqa: S608 - names of ours
_WRITE_ALL = f"""
WITH written AS ({_WRITE})
INSERT INTO order_lines (order_id, {", ".join(_LINE)})
SELECT order_id, {", ".join(_LINE)} FROM jsonb_populate_recordset(NULL::order_lines, $2::jsonb)
ORDER BY order_id, line
ON CONFLICT (order_id, line) DO UPDATE
SET ({", ".join(_LINE[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _LINE[1:])})
"""  # noqa: S608 - names of ours
_USED = """
SELECT l.gtin, l.price_segment, sum(coalesce(l.reserved_sticks, l.ordered_sticks))::bigint
FROM orders o JOIN order_lines l USING (order_id)
WHERE o.retailer_id = $1 AND o.cycle_id = $2 AND o.state = ANY($3::text[]) AND o.order_id <> $4
GROUP BY 1, 2
"""
_EXPOSURE = """
SELECT coalesce(sum(greatest(value_minor - paid_minor, 0)), 0)::bigint FROM orders
WHERE retailer_id = $1 AND payment IN ('due', 'failed') AND state = ANY($2::text[]) AND order_id <> $3
"""


async def read(conn: Connection, order_ids: Collection[UUID]) -> dict[UUID, OrderView]:
    rows = await conn.fetch(f"{_SELECT} WHERE o.order_id = ANY($1::uuid[])", list(order_ids))
    return {row["order_id"]: OrderView(**row) for row in rows}


async def owner(conn: Connection, order_id: UUID) -> str | None:
    """Name the customer of an order; None where there is none."""
    found: str | None = await conn.fetchval("SELECT retailer_id FROM orders WHERE order_id = $1", order_id)
    return found


async def lock(conn: Connection, order_ids: Collection[UUID]) -> dict[UUID, OrderView]:
    """Read orders that nobody else changes before this transaction ends."""
    await conn.execute(
        "SELECT FROM orders WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE", list(order_ids)
    )
    return await read(conn, order_ids)


async def write(conn: Connection, orders: Sequence[OrderView], *, lines: bool = True) -> None:
    """Write orders, and their lines where these have changed; lines are only ever added or changed here."""
    if not orders:
        return
    rows = [each.model_dump(mode="json", exclude={"lines"}) for each in orders]
    if not lines:
        await conn.execute(_WRITE, rows)
        return
    own = [
        {"order_id": each.order_id, **line.model_dump(mode="json")} for each in orders for line in each.lines
    ]
    await conn.execute(_WRITE_ALL, rows, own)


async def forget_lines(conn: Connection, order_id: UUID) -> None:
    """Make room for other lines."""
    await conn.execute("DELETE FROM order_lines WHERE order_id = $1", order_id)


async def used(
    conn: Connection, retailer_id: str, cycle_id: UUID, but: UUID
) -> list[tuple[str, str | None, int]]:
    """Give what a customer's other standing orders of a cycle take: product, segment, sticks."""
    rows = await conn.fetch(_USED, retailer_id, cycle_id, sorted(STANDING), but)
    return [(row[0], row[1], row[2]) for row in rows]


async def exposure(conn: Connection, retailer_id: str, but: UUID) -> int:
    """Give what a customer owes for its other orders."""
    found: int = await conn.fetchval(_EXPOSURE, retailer_id, sorted(STANDING), but)
    return found


async def write_lots(conn: Connection, lots: Iterable[tuple[UUID, str, str, int]]) -> None:
    """Remember which lots an order took from."""
    await conn.execute(
        """INSERT INTO order_lots (order_id, gtin, lot, sticks)
           SELECT (e->>0)::uuid, e->>1, e->>2, sum((e->>3)::bigint) FROM jsonb_array_elements($1::jsonb) e
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING""",
        list(lots),
    )


async def page(
    conn: Connection, filters: Filters, visible: list[str] | None, *, before: UUID, limit: int
) -> list[OrderView]:
    """Read orders, the newest first; `visible` bounds them to these stores, supplied or supplying."""
    statement, arguments = build(filters, visible, before=before, limit=limit)
    return [OrderView(**row) for row in await conn.fetch(statement, *arguments)]


def build(filters: Filters, visible: list[str] | None, *, before: UUID, limit: int) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("o.order_id < ?", before)
    for name in ("retailer_id", "cycle_id", "store_id", "state"):
        if (value := getattr(filters, name)) is not None:
            query.where(f"o.{name} = ?", value)
    if filters.lot is not None:
        query.where(
            "o.order_id IN (SELECT order_id FROM order_lots WHERE gtin = ? AND lot = ?)",
            filters.gtin,
            filters.lot,
        )
    if visible is not None:
        query.where(
            "o.store_id = ANY(?) OR o.retailer_id = ANY(ARRAY("
            "SELECT retailer_id FROM retailer_stores WHERE store_id = ANY(?)))",
            visible,
            visible,
        )
    return f"{_SELECT} WHERE {query.sql} ORDER BY o.order_id DESC LIMIT {limit}", query.arguments


async def owns(conn: Connection, retailer_id: str, store_ids: Sequence[str]) -> bool:
    """Tell whether a customer owns one of these stores."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM retailer_stores WHERE retailer_id = $1 AND store_id = ANY($2::text[]))",
        retailer_id,
        store_ids,
    )
    return found


async def find_debit(conn: Connection, reference: str) -> dict[str, Any] | None:
    row = await conn.fetchrow("SELECT * FROM order_debits WHERE reference = $1", reference)
    return None if row is None else dict(row)


async def write_debit(conn: Connection, row: dict[str, Any]) -> None:
    await insert_row(conn, "order_debits", row)


async def list_debits(conn: Connection, order_id: UUID) -> list[dict[str, Any]]:
    rows = await conn.fetch("SELECT * FROM order_debits WHERE order_id = $1 ORDER BY debit_id", order_id)
    return [dict(row) for row in rows]


async def overdue(conn: Connection, *, now: datetime, at_most: int) -> dict[UUID, datetime]:
    """Lock orders that nobody has confirmed and whose window was to be closed by now; gives when it closes.

    A window that was moved since closes later; that of a customer who has left the group is closed.
    """
    rows = await conn.fetch(
        """SELECT o.order_id, coalesce(x.closes_at, w.closes_at, $1)
           FROM (SELECT order_id, retailer_id, cycle_id FROM orders
                 WHERE state IN ('draft', 'refused') AND closes_at <= $1
                 ORDER BY closes_at LIMIT $2 FOR UPDATE SKIP LOCKED) o
           LEFT JOIN order_members m USING (retailer_id)
           LEFT JOIN order_windows w ON w.group_code = m.group_code AND w.cycle_id = o.cycle_id
           LEFT JOIN window_exceptions x ON x.cycle_id = w.cycle_id AND x.retailer_id = o.retailer_id""",
        now,
        at_most,
    )
    return {row[0]: row[1] for row in rows}

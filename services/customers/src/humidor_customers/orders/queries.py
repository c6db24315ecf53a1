"""Statements over orders."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_common.db.statements import Statement, write_together
from humidor_customers.conditions import Conditions
from humidor_customers.cycles.queries import CUSTOMER_WINDOWS, customer_window
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders.rules import STANDING, Used
from humidor_customers.orders.schemas import Filters, LineView, OrderView
from humidor_customers.retailers.queries import STORE_IDS, Document

_ORDER = tuple(name for name in OrderView.model_fields if name != "lines")
_LINE = tuple(LineView.model_fields)
_SELECT = f"""
SELECT {", ".join(f"o.{name}" for name in _ORDER)},
       (SELECT jsonb_agg(to_jsonb(l) - 'order_id' ORDER BY l.line) FROM order_lines l
        WHERE l.order_id = o.order_id) AS lines
FROM orders o
"""  # noqa: S608 - names of ours
# Both take whole documents of orders.
_WRITE = f"""
INSERT INTO orders ({", ".join(_ORDER)})
SELECT {", ".join(_ORDER)} FROM jsonb_populate_recordset(NULL::orders, $1::jsonb) ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE
SET ({", ".join(_ORDER[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _ORDER[1:])})
"""  # noqa: S608 - names of ours
_WRITE_LINES = f"""
INSERT INTO order_lines (order_id, {", ".join(_LINE)})
SELECT (d->>'order_id')::uuid, {", ".join(f"l.{name}" for name in _LINE)}
FROM jsonb_array_elements($1::jsonb) d, jsonb_populate_recordset(NULL::order_lines, d->'lines') l
ORDER BY 1, l.line
ON CONFLICT (order_id, line) DO UPDATE
SET ({", ".join(_LINE[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _LINE[1:])})
"""  # noqa: S608 - names of ours
_BUYER = (
    "retailer_id",
    "state",
    "time_zone",
    "merged_into",
    "licence_status",
    "licence_valid_from",
    "licence_valid_until",
    "credit_limit_minor",
    "currency",
)
# A row for each customer and window: of the cycle asked for, or those that are not over yet. A window moves
# by a month at most, so the index says which of a group's are long over.
_BUYERS = f"""
SELECT b.*, w.*
FROM unnest($1::text[], $2::uuid[]) AS n(retailer_id, cycle_id)
JOIN LATERAL (
    SELECT {", ".join(f"r.{name}" for name in _BUYER)}, {STORE_IDS},
           (SELECT coalesce(sum(greatest(o.value_minor - o.paid_minor, 0)), 0)::bigint FROM orders o
            WHERE o.retailer_id = r.retailer_id AND o.payment IN ('due', 'failed')
              AND o.state = ANY($3::text[])) AS owed_minor
    FROM retailers r WHERE r.retailer_id = n.retailer_id OFFSET 0) b ON true
LEFT JOIN LATERAL (
    SELECT * FROM (
        {CUSTOMER_WINDOWS}
        WHERE m.retailer_id = n.retailer_id AND (n.cycle_id IS NULL OR w.cycle_id = n.cycle_id)
          AND w.closes_at > CASE WHEN n.cycle_id IS NULL THEN $4::timestamptz - interval '31 days'
                                 ELSE '-infinity' END) every
    WHERE n.cycle_id IS NOT NULL OR every.closes_at > $4 ORDER BY every.closes_at LIMIT 100) w ON true
"""  # noqa: S608 - names of ours
# LATERAL ... OFFSET 0: look each one up, whatever is believed of the size of the tables.
_USED = """
SELECT n.retailer_id, n.cycle_id, l.gtin, l.price_segment, sum(l.sticks)::bigint
FROM unnest($1::text[], $2::uuid[]) AS n(retailer_id, cycle_id)
JOIN LATERAL (
    SELECT order_id FROM orders o
    WHERE o.retailer_id = n.retailer_id AND o.cycle_id::text = n.cycle_id::text AND o.state = ANY($3::text[])
    OFFSET 0) o ON true
JOIN LATERAL (
    SELECT gtin, price_segment, coalesce(reserved_sticks, ordered_sticks) AS sticks FROM order_lines
    WHERE order_id = o.order_id OFFSET 0) l ON true
GROUP BY 1, 2, 3, 4
"""
_EXPOSURE = """
SELECT coalesce(sum(greatest(value_minor - paid_minor, 0)), 0)::bigint FROM orders
WHERE retailer_id = $1 AND payment IN ('due', 'failed') AND state = ANY($2::text[])
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


def writing(documents: Sequence[Document], *, lines: bool = True) -> list[Statement]:
    """Make the statements that write documents of orders, and their lines where these have changed."""
    return [Statement(_WRITE, [documents]), *([Statement(_WRITE_LINES, [documents])] if lines else [])]


async def write(conn: Connection, orders: Sequence[OrderView], *, lines: bool = True) -> None:
    """Write orders, and their lines where these have changed; lines are only ever added or changed here."""
    if orders:
        documents = [each.model_dump(mode="json", exclude=None if lines else {"lines"}) for each in orders]
        await write_together(conn, writing(documents, lines=lines))


async def forget_lines(conn: Connection, order_id: UUID) -> None:
    """Make room for other lines."""
    await conn.execute("DELETE FROM order_lines WHERE order_id = $1", order_id)


class Buyer(NamedTuple):
    """A customer as ordering sees it: what `retailers` holds of it, what it owes, when it may order."""

    retailer: Document
    owed_minor: int
    windows: list[CustomerWindow]


async def buyers(
    conn: Connection, asked: Sequence[tuple[str, UUID | None]], *, now: datetime
) -> dict[str, Buyer]:
    """Read customers, each with its windows of a cycle or, for None, those that are not over, in order."""
    rows = await conn.fetch(_BUYERS, *map(list, zip(*asked, strict=True)), sorted(STANDING), now)
    found: dict[str, Buyer] = {}
    for row in rows:
        buyer = found.get(row["retailer_id"])
        if buyer is None:
            retailer = {name: row[name] for name in (*_BUYER, "store_ids")}
            buyer = found[row["retailer_id"]] = Buyer(retailer, row["owed_minor"], [])
        if row["cycle_id"] is not None:
            buyer.windows.append(customer_window(row, now))
    return found


async def used(conn: Connection, asked: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], list[Used]]:
    """Give what standing orders of a customer in a cycle take, for each pair of them that has any."""
    rows = await conn.fetch(_USED, *map(list, zip(*asked, strict=True)), sorted(STANDING))
    found: dict[tuple[str, UUID], list[Used]] = defaultdict(list)
    for row in rows:
        found[row[0], row[1]].append(Used(row[2], row[3], row[4]))
    return found


async def exposure(conn: Connection, retailer_id: str) -> int:
    """Give what a customer owes for its orders."""
    found: int = await conn.fetchval(_EXPOSURE, retailer_id, sorted(STANDING))
    return found


def answering(lines: Sequence[tuple[UUID, str, int | None, int | None]]) -> Statement:
    """Make the statement that writes what the warehouse has kept back and has left of products."""
    return Statement(
        """UPDATE order_lines l SET reserved_sticks = (e->>2)::bigint, free_sticks = (e->>3)::bigint
           FROM jsonb_array_elements($1::jsonb) e WHERE l.order_id = (e->>0)::uuid AND l.gtin = e->>1""",
        [lines],
    )


def writing_lots(lots: Sequence[tuple[UUID, str, str, int]]) -> Statement:
    """Make the statement that remembers which lots an order took from."""
    return Statement(
        """INSERT INTO order_lots (order_id, gtin, lot, sticks)
           SELECT (e->>0)::uuid, e->>1, e->>2, sum((e->>3)::bigint) FROM jsonb_array_elements($1::jsonb) e
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING""",
        [lots],
    )


async def page(
    conn: Connection, filters: Filters, visible: list[str] | None, *, before: UUID, limit: int
) -> list[OrderView]:
    """Read orders, the newest first; `visible` bounds them to these stores, supplied or supplying."""
    statement, arguments = build(filters, visible, before=before, limit=limit)
    return [OrderView(**row) for row in await conn.fetch(statement, *arguments)]


def only_visible(query: Conditions, visible: Sequence[str] | None) -> None:
    """Narrow orders (`o`) to those of these stores: supplied by one, or of a customer who owns one."""
    if visible is not None:
        query.where(
            "o.store_id = ANY(?) OR o.retailer_id = ANY(ARRAY("
            "SELECT retailer_id FROM retailer_stores WHERE store_id = ANY(?)))",
            visible,
            visible,
        )


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
    only_visible(query, visible)
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

"""Reads orders, their history and what is expected."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.purchasing.schemas import (
    CalendarDayView,
    ExpectedArrivalView,
    HistoryView,
    OrderLineView,
    PurchaseOrderView,
)

_ORDERS = """
SELECT t.*, l.lines FROM purchase_orders t CROSS JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(x) - 'purchase_order_id' ORDER BY gtin) AS lines
    FROM purchase_order_lines x WHERE purchase_order_id = t.purchase_order_id) l
"""
_EXPECTED = """
SELECT t.purchase_order_id, t.store_id, t.supplier_id, t.state, t.due_on,
       t.promised_on IS NOT NULL AS promised,
       t.due_on < (now() AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date AS late, l.lines,
       coalesce(h.shipments, '[]') AS shipments
FROM purchase_orders t LEFT JOIN stores z USING (store_id)
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('gtin', gtin, 'outstanding_sticks',
               ordered_sticks - received_sticks) ORDER BY gtin)
               FILTER (WHERE ordered_sticks > received_sticks), '[]') AS lines
    FROM purchase_order_lines WHERE purchase_order_id = t.purchase_order_id) l
LEFT JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(x) ORDER BY shipment_id) AS shipments FROM shipments x
    WHERE purchase_order_id = t.purchase_order_id AND state = 'announced') h ON true
WHERE t.awaited AND {conditions}
ORDER BY t.due_on, t.purchase_order_id LIMIT $1
"""
_CALENDAR = """
SELECT t.due_on AS day, count(*) AS orders, coalesce(sum(l.sticks), 0)::bigint AS outstanding_sticks
FROM purchase_orders t CROSS JOIN LATERAL (
    SELECT sum(greatest(ordered_sticks - received_sticks, 0)) AS sticks
    FROM purchase_order_lines WHERE purchase_order_id = t.purchase_order_id) l
WHERE t.awaited AND t.due_on BETWEEN $2 AND $3 AND ($1::text[] IS NULL OR t.store_id = ANY($1))
GROUP BY t.due_on ORDER BY t.due_on
"""


class Filters(NamedTuple):
    """What a page of orders is asked for; None does not filter."""

    visible: Sequence[str] | None
    limit: int
    gtin: str | None = None
    supplier_id: str | None = None
    state: OrderState | None = None
    after: UUID | None = None
    placed: bool = False


class Expecting(NamedTuple):
    """What a page of expected arrivals is asked for; None does not filter."""

    visible: Sequence[str] | None
    limit: int
    supplier_id: str | None = None
    until: date | None = None
    after: tuple[date, UUID] | None = None


async def list_purchase_orders(conn: Connection, filters: Filters) -> list[PurchaseOrderView]:
    statement, arguments = page_statement(filters)
    return [order_view(row) for row in await conn.fetch(statement, *arguments)]


async def get_purchase_order(conn: Connection, purchase_order_id: UUID) -> PurchaseOrderView:
    row = await conn.fetchrow(_ORDERS + " WHERE purchase_order_id = $1", purchase_order_id)
    if row is None:
        raise not_found("purchase order", purchase_order_id)
    return order_view(row)


async def list_history(conn: Connection, purchase_order_id: UUID) -> list[HistoryView]:
    rows = await conn.fetch(
        "SELECT * FROM purchase_order_history WHERE purchase_order_id = $1 ORDER BY history_id",
        purchase_order_id,
    )
    return [HistoryView(**row) for row in rows]


async def list_expected(conn: Connection, asked: Expecting) -> list[ExpectedArrivalView]:
    conditions, arguments = _conditions(
        (
            ("t.store_id = ANY(${}::text[])", asked.visible),
            ("t.supplier_id = ${}", asked.supplier_id),
            ("t.due_on <= ${}", asked.until),
            ("t.due_on >= ${}", asked.after and asked.after[0]),
        ),
        asked.limit,
    )
    if asked.after is not None:
        arguments += asked.after
        n = len(arguments)
        conditions.append(f"(t.due_on, t.purchase_order_id) > (${n - 1}, ${n})")
    rows = await conn.fetch(_EXPECTED.format(conditions=" AND ".join(conditions)), *arguments)
    return [ExpectedArrivalView(**row) for row in rows]


async def list_calendar(
    conn: Connection, visible: Sequence[str] | None, days: tuple[date, date]
) -> list[CalendarDayView]:
    rows = await conn.fetch(_CALENDAR, visible, *days)
    return [CalendarDayView(**row) for row in rows]


def page_statement(filters: Filters) -> tuple[str, list[Any]]:
    """Make the query of one page; only filters that are given enter it, so that each finds its index.

    The state is a name of ours and stands in it as it is, see alerts.lists.
    """
    conditions, arguments = _conditions(
        (
            ("t.store_id = ANY(${}::text[])", filters.visible),
            (
                """EXISTS (SELECT FROM purchase_order_lines g
                           WHERE g.purchase_order_id = t.purchase_order_id AND g.gtin = ${})""",
                filters.gtin,
            ),
            ("t.supplier_id = ${}", filters.supplier_id),
            ("t.purchase_order_id > ${}", filters.after),
        ),
        filters.limit,
    )
    if filters.state is not None:
        conditions.append(f"t.state = '{filters.state}'")
    if filters.placed:
        conditions.append("t.placed_at IS NOT NULL")
    where = " AND ".join(conditions)
    return f"{_ORDERS} WHERE {where} ORDER BY t.purchase_order_id LIMIT $1", arguments


def _conditions(given: Sequence[tuple[str, Any]], limit: int) -> tuple[list[str], list[Any]]:
    conditions: list[str] = ["true"]
    arguments: list[Any] = [limit]
    for condition, argument in given:
        if argument is not None:
            arguments.append(argument)
            conditions.append(condition.format(len(arguments)))
    return conditions, arguments


def order_view(row: Any) -> PurchaseOrderView:
    lines = [
        OrderLineView(**line, difference_sticks=line["received_sticks"] - line["ordered_sticks"])
        for line in row["lines"] or ()
    ]
    own = {name: row[name] for name in PurchaseOrderView.model_fields if name != "lines"}
    return PurchaseOrderView(**own, lines=lines)

"""Places purchase orders: priced, with the day on which they shall be there, and on order at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import OrderedLine, PurchaseOrderPlaced
from humidor_inventory.orders import queries
from humidor_inventory.orders.notices import Notice, notify_suppliers
from humidor_inventory.orders.pricing import PricedLine, PricedOrder
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.stock.service import load_shelves, write_balances
from humidor_inventory.stock.shelf import Shelves


async def place_priced(
    conn: Connection,
    orders: Sequence[PricedOrder],
    *,
    placed_by: str,
    now: datetime,
    shelves: Shelves | None = None,
) -> list[PurchaseOrderPlaced]:
    """Place orders of any number of stores, which the caller has locked, in a fixed number of statements.

    Raises what is on order (on `shelves` too, where the caller has them in hand: they are written), approves
    the suggestions that the lines name, and returns the events, in the order of the orders, for the caller's
    outbox.
    """
    if not orders:
        return []
    await write_orders(conn, orders, state="placed", by=placed_by, now=now)
    answered = [
        (line.replenishment_id, order.purchase_order_id)
        for order in orders
        for line in order.draft.lines
        if line.replenishment_id
    ]
    if answered:
        await conn.execute(
            queries.APPROVE_SUGGESTIONS, *map(list, zip(*answered, strict=True)), placed_by, now
        )
    return await put_on_order(conn, orders, placed_by=placed_by, now=now, shelves=shelves)


async def put_on_order(
    conn: Connection,
    orders: Sequence[PricedOrder],
    *,
    placed_by: str,
    now: datetime,
    shelves: Shelves | None = None,
) -> list[PurchaseOrderPlaced]:
    """Raise what is on order by orders that are written, count them and have their suppliers told."""
    await _raise_on_order(conn, orders, shelves)
    await _count_placed(conn, [(order.supplier_id, order.draft.store_id) for order in orders], now)
    events = [_placed_event(order, placed_by, now) for order in orders]
    notices = [
        Notice(
            supplier_id=event.supplier_id,
            topic="inventory.purchase-order.placed",
            subject=str(event.purchase_order_id),
            body=msgspec.to_builtins(event),
        )
        for event in events
    ]
    await notify_suppliers(conn, notices, now=now)
    return events


async def write_orders(
    conn: Connection, orders: Sequence[PricedOrder], *, state: OrderState, by: str, now: datetime
) -> None:
    """Write orders with their lines and the first entry of their history."""
    rows = [
        (
            o.purchase_order_id,
            o.draft.store_id,
            o.supplier_id,
            o.expected_on if state == "placed" else o.draft.expected_on,
            o.origin,
            o.draft.plan_id,
            o.currency,
            o.value_minor,
            o.draft.note,
        )
        for o in orders
    ]
    await conn.execute(queries.ORDERS, rows, state, by, now)
    await write_lines(conn, [(o.purchase_order_id, line) for o in orders for line in o.lines])
    action = "place" if state == "placed" else "create"
    history = [(o.purchase_order_id, action, state, None, None) for o in orders]
    await conn.execute(queries.HISTORY, history, by, now)


async def write_lines(conn: Connection, lines: Sequence[tuple[UUID, PricedLine]]) -> None:
    """Write new lines of orders."""
    rows = [
        (i, x.gtin, x.quantity_sticks, x.price_minor, x.price_unit, x.price_source, x.value_minor)
        for i, x in lines
    ]
    await conn.execute(queries.LINES, rows)


async def _count_placed(conn: Connection, orders: Sequence[tuple[str | None, str]], now: datetime) -> None:
    """Count orders of (supplier, store) in the supplier's month; the stores are locked."""
    month = now.date().replace(day=1)
    counts: dict[tuple[str, str], int] = {}
    for supplier_id, store_id in orders:
        if supplier_id is not None:
            counts[supplier_id, store_id] = counts.get((supplier_id, store_id), 0) + 1
    if counts:
        rows = [(supplier, month, store, n) for (supplier, store), n in sorted(counts.items())]
        await conn.execute(queries.COUNT_PLACED, rows)


def _placed_event(order: PricedOrder, placed_by: str, now: datetime) -> PurchaseOrderPlaced:
    """Tell of an order that was just placed."""
    return PurchaseOrderPlaced(
        purchase_order_id=order.purchase_order_id,
        store_id=order.draft.store_id,
        supplier_id=order.supplier_id,
        lines=[OrderedLine(gtin=line.gtin, quantity_sticks=line.quantity_sticks) for line in order.lines],
        placed_at=now,
        approved_by=placed_by,
        expected_on=order.expected_on.isoformat() if order.expected_on else None,
        currency=order.currency,
        value_minor=order.value_minor,
        plan_id=order.draft.plan_id,
    )


async def _raise_on_order(conn: Connection, orders: Sequence[PricedOrder], shelves: Shelves | None) -> None:
    lines = [(order.draft.store_id, line) for order in orders for line in order.lines]
    known = shelves or {}
    missing = {(store_id, line.gtin) for store_id, line in lines} - known.keys()
    shelf_of = {**known, **await load_shelves(conn, missing)}
    for store_id, line in lines:
        shelf_of[store_id, line.gtin].on_order += line.quantity_sticks
    touched = {(store_id, line.gtin): shelf_of[store_id, line.gtin] for store_id, line in lines}
    await write_balances(conn, [shelf for _, shelf in sorted(touched.items())])

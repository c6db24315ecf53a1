"""Places purchase orders: priced, with the day on which they shall be there, and on order at once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Literal
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import OrderedLine, PurchaseOrderPlaced
from humidor_common.ids import uuid7
from humidor_inventory.orders import queries
from humidor_inventory.orders.rules import OrderState, line_value
from humidor_inventory.stock.service import load_shelves, write_balances
from humidor_inventory.stock.shelf import Shelves
from humidor_inventory.units.rules import Factors


class OrderLineDraft(msgspec.Struct, frozen=True, kw_only=True):
    """So much of one product, and the open suggestion that it answers."""

    gtin: str
    quantity_sticks: int
    replenishment_id: UUID | None = None


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An order for one store; a product stands in it once.

    Without a supplier it goes to the one that all its products come from, if there is one. Without a day it
    is expected after the longest lead time of its products.
    """

    store_id: str
    supplier_id: str | None
    lines: Sequence[OrderLineDraft]
    expected_on: date | None = None
    plan_id: UUID | None = None
    note: str | None = None
    manual: bool = False


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price a `price_unit`, in minor units of the order's currency; None is unknown."""

    gtin: str
    quantity_sticks: int
    price_minor: int | None
    price_unit: str | None
    price_source: str | None
    value_minor: int | None


class PricedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it is written; its value is None where a price is unknown or currencies are mixed."""

    purchase_order_id: UUID
    draft: OrderDraft
    supplier_id: str | None
    expected_on: date | None
    currency: str | None
    value_minor: int | None
    lines: list[PricedLine]

    @property
    def origin(self) -> Literal["manual", "plan", "suggestion"]:
        if self.draft.manual:
            return "manual"
        return "plan" if self.draft.plan_id else "suggestion"


async def place_orders(
    conn: Connection,
    drafts: Sequence[OrderDraft],
    *,
    placed_by: str,
    now: datetime,
    shelves: Shelves | None = None,
) -> list[PurchaseOrderPlaced]:
    """Place orders of any number of stores, which the caller has locked, in a fixed number of statements.

    Raises what is on order (on `shelves` too, where the caller has them in hand: they are written), approves
    the suggestions that the lines name, and returns the events, in the order of the drafts, for the caller's
    outbox.
    """
    if not drafts:
        return []
    orders = await price_orders(conn, drafts, now=now)
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
    await _raise_on_order(conn, orders, shelves)
    await count_placed(conn, [(order.supplier_id, order.draft.store_id) for order in orders], now)
    return [placed_event(order, placed_by, now) for order in orders]


async def price_orders(conn: Connection, drafts: Sequence[OrderDraft], *, now: datetime) -> list[PricedOrder]:
    """Find suppliers, prices and expected days; the products are registered."""
    asked = [
        (draft.store_id, draft.supplier_id, line.gtin, line.quantity_sticks)
        for draft in drafts
        for line in draft.lines
    ]
    rows = iter(await conn.fetch(queries.DEFAULTS, asked, now))
    return [_priced(draft, [next(rows) for _ in draft.lines]) for draft in drafts]


async def write_orders(
    conn: Connection, orders: Sequence[PricedOrder], *, state: OrderState, by: str, now: datetime
) -> None:
    """Write orders with their lines and the first entry of their history."""
    rows = [
        (
            o.purchase_order_id,
            o.draft.store_id,
            o.supplier_id,
            o.expected_on,
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


async def count_placed(conn: Connection, orders: Sequence[tuple[str | None, str]], now: datetime) -> None:
    """Count orders of (supplier, store) in the supplier's month; the stores are locked."""
    month = now.date().replace(day=1)
    counts: dict[tuple[str, str], int] = {}
    for supplier_id, store_id in orders:
        if supplier_id is not None:
            counts[supplier_id, store_id] = counts.get((supplier_id, store_id), 0) + 1
    if counts:
        rows = [(supplier, month, store, n) for (supplier, store), n in sorted(counts.items())]
        await conn.execute(queries.COUNT_PLACED, rows)


def placed_event(order: PricedOrder, placed_by: str, now: datetime) -> PurchaseOrderPlaced:
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


def _priced(draft: OrderDraft, rows: Sequence[Any]) -> PricedOrder:
    suppliers = {row["supplier_id"] for row in rows}
    supplier_id = draft.supplier_id or (suppliers.pop() if len(suppliers) == 1 else None)
    lines = [
        _line(line, row) if supplier_id == (draft.supplier_id or row["supplier_id"]) else _unpriced(line)
        for line, row in zip(draft.lines, rows, strict=True)
    ]
    currencies = {row["currency"] for row in rows}
    values = [line.value_minor for line in lines]
    whole = len(currencies) == 1 and None not in values
    days = [row["lead_days"] for row in rows if row["lead_days"] is not None]
    expected = rows[0]["day"] + timedelta(days=ceil(max(days))) if days else None
    return PricedOrder(
        purchase_order_id=uuid7(),
        draft=draft,
        supplier_id=supplier_id,
        expected_on=draft.expected_on or expected,
        currency=currencies.pop() if len(currencies) == 1 else None,
        value_minor=sum(value or 0 for value in values) if whole else None,
        lines=lines,
    )


def _line(line: OrderLineDraft, row: Any) -> PricedLine:
    price = row["price_minor"]
    if price is None:
        return _unpriced(line)
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    size = int(getattr(factors, row["price_unit"]))
    return PricedLine(
        gtin=line.gtin,
        quantity_sticks=line.quantity_sticks,
        price_minor=price,
        price_unit=row["price_unit"],
        price_source=row["price_source"],
        value_minor=line_value(line.quantity_sticks, price, size),
    )


def _unpriced(line: OrderLineDraft) -> PricedLine:
    return PricedLine(
        gtin=line.gtin,
        quantity_sticks=line.quantity_sticks,
        price_minor=None,
        price_unit=None,
        price_source=None,
        value_minor=None,
    )

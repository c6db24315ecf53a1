"""Reviews stores' products whose stock or levels have changed: alerts, suggestions, automatic orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.inventory import ReplenishmentSuggested, StockBelowReorderPoint
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_inventory.alerts.reporting import Finding, report_as, settle
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.alerts.watch import watch_shelves
from humidor_inventory.orders.approvals import within_own_limits
from humidor_inventory.orders.placing import place_priced
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, price_orders
from humidor_inventory.replenishment import queries
from humidor_inventory.replenishment.rules import FORMULA, Alarm, Level, Position, decide
from humidor_inventory.stock.shelf import Shelf, Shelves

POLICY = "policy:auto-approve"
_ABOVE = "stock is above the reorder point again"


async def review(conn: Connection, shelves: Sequence[Shelf], *, now: datetime) -> None:
    """Decide about each shelf, whose row this transaction has locked, and write what follows, set-based."""
    if not shelves:
        return
    rows = await conn.fetch(queries.REVIEWED, [(shelf.store_id, shelf.gtin) for shelf in shelves], now)
    outcome = _Outcome(now)
    for shelf, row in zip(shelves, rows, strict=True):
        outcome.add(shelf, row)
    await outcome.write(conn)
    await watch_shelves(conn, shelves, now=now)


class _Outcome:
    """What a review comes to, gathered for a few statements."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.raised: list[tuple[UUID, Finding]] = []
        self.closed: list[tuple[str, str, str]] = []
        self.opened: list[tuple[Any, ...]] = []
        self.changed: list[tuple[Any, ...]] = []
        self.withdrawn: list[UUID] = []
        self.approvals: list[OrderDraft] = []
        self.shelves: Shelves = {}
        self.events: list[Event] = []

    def add(self, shelf: Shelf, row: Any) -> None:
        level = _level(row)
        decision = decide(_position(shelf, row), level)
        alert_id: UUID = row["alert_id"] or uuid7()
        if decision.alarm is Alarm.RAISE and level:
            self._raise(shelf, level, alert_id)
        elif decision.alarm is Alarm.CLOSE:
            self.closed.append((AlertKind.BELOW_REORDER_POINT, shelf.store_id, shelf.gtin))
            shelf.alert_open = False
        if decision.suggest and level:
            self._suggest(shelf, level, row, (alert_id, decision.suggest, decision.shortfall))
        elif row["replenishment_id"]:
            self.withdrawn.append(row["replenishment_id"])

    async def write(self, conn: Connection) -> None:
        await report_as(conn, self.raised, now=self.now)
        if self.withdrawn:
            await conn.execute(queries.WITHDRAW_SUGGESTIONS, self.withdrawn, self.now)
        if self.opened:
            await conn.execute(queries.OPEN_SUGGESTIONS, *columns_of(self.opened), FORMULA, self.now)
        if self.changed:
            await conn.execute(queries.CHANGE_SUGGESTIONS, *columns_of(self.changed), FORMULA, self.now)
        if self.approvals:
            self.events += await self._place(conn)
        await settle(conn, self.closed, reason=_ABOVE, now=self.now)
        await outbox.append(conn, self.events)

    async def _place(self, conn: Connection) -> Sequence[Event]:
        """Order by itself within the limits; what is beyond them stays a suggestion for a person."""
        orders = await within_own_limits(conn, await price_orders(conn, self.approvals, now=self.now))
        return await place_priced(conn, orders, placed_by=POLICY, now=self.now, shelves=self.shelves)

    def _raise(self, shelf: Shelf, level: Level, alert_id: UUID) -> None:
        shelf.alert_open = True
        told = StockBelowReorderPoint(
            alert_id=alert_id,
            store_id=shelf.store_id,
            gtin=shelf.gtin,
            on_hand_sticks=shelf.on_hand,
            reserved_sticks=shelf.reserved,
            on_order_sticks=shelf.on_order,
            reorder_point_sticks=level.reorder_point,
            raised_at=self.now,
        )
        self.events.append(told)
        figures = {name: getattr(told, name) for name in told.__struct_fields__ if name.endswith("_sticks")}
        finding = Finding(
            kind=AlertKind.BELOW_REORDER_POINT,
            store_id=shelf.store_id,
            subject=shelf.gtin,
            gtin=shelf.gtin,
            figures=figures,
        )
        self.raised.append((alert_id, finding))

    def _suggest(self, shelf: Shelf, level: Level, row: Any, need: tuple[UUID, int, int]) -> None:
        alert_id, quantity, shortfall = need
        suggestion: UUID = row["replenishment_id"] or uuid7()
        if (quantity, shortfall) != (row["quantity_sticks"], row["shortfall_sticks"]):
            rows = self.changed if row["replenishment_id"] else self.opened
            figures = (shelf.on_hand, shelf.reserved, shelf.on_order, level.reorder_point, level.order_up_to)
            terms = (level.order_multiple, level.minimum_order, level.supply_cap, shortfall, quantity)
            rows.append((suggestion, alert_id, shelf.store_id, shelf.gtin, *figures, *terms))
            self.events.append(_suggested(suggestion, shelf, level, (quantity, shortfall, self.now)))
        if level.auto_approve:
            line = OrderLineDraft(gtin=shelf.gtin, quantity_sticks=quantity, replenishment_id=suggestion)
            self.approvals.append(OrderDraft(store_id=shelf.store_id, supplier_id=None, lines=[line]))
            self.shelves[shelf.store_id, shelf.gtin] = shelf


def _suggested(
    suggestion: UUID, shelf: Shelf, level: Level, said: tuple[int, int, datetime]
) -> ReplenishmentSuggested:
    return ReplenishmentSuggested(
        replenishment_id=suggestion,
        store_id=shelf.store_id,
        gtin=shelf.gtin,
        quantity_sticks=said[0],
        shortfall_sticks=said[1],
        on_hand_sticks=shelf.on_hand,
        reserved_sticks=shelf.reserved,
        on_order_sticks=shelf.on_order,
        reorder_point_sticks=level.reorder_point,
        order_up_to_sticks=level.order_up_to,
        suggested_at=said[2],
    )


def _level(row: Any) -> Level | None:
    if row["reorder_point_sticks"] is None:
        return None
    return Level(
        reorder_point=row["reorder_point_sticks"],
        order_up_to=row["order_up_to_sticks"],
        order_multiple=row["order_multiple_sticks"],
        minimum_order=row["minimum_order_sticks"],
        auto_approve=row["auto_approve"],
        supply_cap=row["supply_cap_sticks"],
    )


def _position(shelf: Shelf, row: Any) -> Position:
    return Position(
        on_hand=shelf.on_hand,
        reserved=shelf.reserved,
        on_order=shelf.on_order,
        alert_open=row["alert_id"] is not None,
        alert_ordered=bool(row["alert_ordered"]),
        suggestion_refused=bool(row["suggestion_refused"]),
        capped_sticks=row["capped_sticks"] or 0,
    )

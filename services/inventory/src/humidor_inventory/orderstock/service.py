"""Keeps stock back for orders of trade customers, lets it go, and takes out what was delivered."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events import Event
from humidor_common.events.customers import OrderCancelled, OrderConfirmed, OrderDelivered
from humidor_common.events.inventory import (
    ReservedProduct,
    ShippedLot,
    StockRefused,
    StockReleased,
    StockReserved,
    StockShipped,
)
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.messaging.subscription import Poison
from humidor_inventory.movements.rules import sellable
from humidor_inventory.orderstock import queries
from humidor_inventory.orderstock.queries import Kept, OrderStock
from humidor_inventory.orderstock.rules import Share, counts, share_out
from humidor_inventory.replenishment.review import review
from humidor_inventory.reservations.service import EXPIRE
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves, Source
from humidor_inventory.stores.calendar import known_days
from humidor_inventory.units.queries import load_factors

OrderEvent: TypeAlias = OrderConfirmed | OrderCancelled | OrderDelivered


async def apply_orders(conn: Connection, events: Sequence[OrderEvent], *, now: datetime) -> None:
    """Apply what was told of orders, in its order; each is answered in the same transaction.

    What an order got once it keeps: an event that comes again, or late, changes nothing.
    """
    order_ids = {event.order_id for event in events}
    stores = {event.store_id for event in events} | await queries.stores_of(conn, order_ids)
    await lock_stores(conn, stores)
    orders = await queries.load(conn, order_ids)
    work = _Work(now, orders, await known_days(conn, stores, now))
    pairs = {(e.store_id, line.gtin) for e in events if not isinstance(e, OrderCancelled) for line in e.lines}
    work.known = set(await load_factors(conn, {gtin for _, gtin in pairs}))
    pairs |= {(each.store_id, each.gtin) for order in orders.values() for each in order.kept}
    over = await conn.fetch(EXPIRE, now, sorted(stores), None)
    pairs |= {(row["store_id"], row["gtin"]) for row in over}
    work.shelves = await load_shelves(conn, pairs)
    for row in over:
        work.change((row["store_id"], row["gtin"])).reserved -= row["quantity_sticks"]
    for event in events:
        work.apply(event)
    await work.write(conn)


class _Work:
    """A batch of events about orders, worked out on locked shelves."""

    def __init__(self, now: datetime, orders: dict[UUID, OrderStock], days: dict[str, date]) -> None:
        self.now = now
        self.orders = orders
        self.days = days
        self.known: set[str] = set()
        self.shelves: Shelves = {}
        self.changed: set[tuple[str, str]] = set()
        self.decided: dict[UUID, OrderStock] = {}
        self.told: list[Event] = []

    def change(self, pair: tuple[str, str]) -> Shelf:
        self.changed.add(pair)
        return self.shelves[pair]

    def apply(self, event: OrderEvent) -> None:
        order = self.orders[event.order_id]
        if isinstance(event, OrderConfirmed):
            if counts(order.state, order.attempt, event.attempt):
                self._reserve(order, event)
        elif isinstance(event, OrderDelivered):
            if order.state != "shipped":
                self._ship(order, event)
        elif order.state != "shipped" and event.attempt >= order.attempt:
            self._release(order, event)

    def _reserve(self, order: OrderStock, event: OrderConfirmed) -> None:
        self._decide(order, event.attempt)
        store_id, known = event.store_id, self.known
        unknown = [line.gtin for line in event.lines if line.gtin not in known]
        if store_id not in self.days or unknown:
            code = "unknown-product" if store_id in self.days else "unknown-store"
            shares = [Share(line.gtin, line.ordered_sticks, 0, 0) for line in event.lines]
            self._refuse(order, event, shares, code)
            return
        day = max(self.days[store_id], event.delivery_on)
        free = {line.gtin: self._free(store_id, line.gtin, day) for line in event.lines}
        shares, given = share_out(event.lines, free, accept_less=event.accept_less)
        if not given:
            self._refuse(order, event, shares, "not-enough-stock")
            return
        order.state = "reserved"
        for share in shares:
            if share.reserved:
                self.change((store_id, share.gtin)).reserved += share.reserved
                order.kept.append(Kept(uuid7(), store_id, share.gtin, share.reserved))
        self.told.append(
            StockReserved(
                order_id=order.order_id,
                store_id=store_id,
                attempt=event.attempt,
                lines=_told(shares),
                reserved_at=self.now,
            )
        )

    def _free(self, store_id: str, gtin: str, day: date) -> int:
        shelf = self.shelves[store_id, gtin]
        return sellable(shelf.lots, day) - shelf.reserved

    def _refuse(self, order: OrderStock, event: OrderConfirmed, shares: list[Share], code: str) -> None:
        order.state = "refused"
        self.told.append(
            StockRefused(
                order_id=order.order_id,
                store_id=event.store_id,
                attempt=event.attempt,
                code=code,
                lines=_told(shares),
                refused_at=self.now,
            )
        )

    def _release(self, order: OrderStock, event: OrderCancelled) -> None:
        self._decide(order, event.attempt)
        self._let_go(order, event.code)
        order.state = "released"
        self.told.append(
            StockReleased(
                order_id=order.order_id,
                store_id=event.store_id,
                attempt=event.attempt,
                released_at=self.now,
            )
        )

    def _ship(self, order: OrderStock, event: OrderDelivered) -> None:
        """Take the goods out, also where nothing was kept back: they have been handed over."""
        if event.store_id not in self.days or any(line.gtin not in self.known for line in event.lines):
            raise Poison(f"order {order.order_id}: the store or a product is not known")
        self._decide(order, max(order.attempt, event.attempt))
        self._let_go(order, "delivered")
        order.state = "shipped"
        day = self.days[event.store_id]
        lots = []
        for number, line in enumerate(event.lines, 1):
            if line.delivered_sticks:
                source = Source("delivery", order.order_id, number, event.delivered_at)
                shelf = self.change((event.store_id, line.gtin))
                takes = shelf.take(line.delivered_sticks, day, None, source)
                lots += [ShippedLot(gtin=line.gtin, lot=each.lot, sticks=each.sticks) for each in takes]
        self.told.append(
            StockShipped(order_id=order.order_id, store_id=event.store_id, lots=lots, shipped_at=self.now)
        )

    def _let_go(self, order: OrderStock, why: str) -> None:
        for each in order.open:
            self.change((each.store_id, each.gtin)).reserved -= each.sticks
            each.closed = why

    def _decide(self, order: OrderStock, attempt: int) -> None:
        order.attempt = attempt
        self.decided[order.order_id] = order

    async def write(self, conn: Connection) -> None:
        shelves = {pair: self.shelves[pair] for pair in sorted(self.changed)}
        await write_shelves(conn, shelves, now=self.now)
        await write_balances(conn, [shelf for shelf in shelves.values() if not shelf.entries])
        if self.decided:
            await queries.store(conn, list(self.decided.values()), now=self.now)
        await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=self.now)
        await outbox.append(conn, self.told)


def _told(shares: Sequence[Share]) -> list[ReservedProduct]:
    return [
        ReservedProduct(
            gtin=share.gtin,
            ordered_sticks=share.ordered,
            reserved_sticks=share.reserved,
            free_sticks=share.free,
        )
        for share in shares
    ]

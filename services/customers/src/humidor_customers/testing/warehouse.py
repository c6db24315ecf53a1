"""For tests: a warehouse that answers orders as `inventory` does, by what stands in the outbox."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from humidor_common.events import EVENTS, Event
from humidor_common.events.customers import OrderCancelled, OrderConfirmed, OrderDelivered
from humidor_common.events.inventory import (
    ReservedProduct,
    ShippedLot,
    StockRefused,
    StockReleased,
    StockReserved,
    StockShipped,
)
from humidor_customers.orders.consumers import SUBSCRIPTION
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import tell

_TYPES = (OrderConfirmed.TYPE, OrderCancelled.TYPE, OrderDelivered.TYPE)


async def asked(desk: Desk) -> list[Any]:
    """Read what orders have told so far, in order."""
    rows = await desk.told(*_TYPES)
    return [msgspec.json.decode(payload, type=EVENTS[kind]) for kind, payload in rows]


def reserved(order: OrderConfirmed, **given: int) -> StockReserved:
    """Answer that all is kept back, or so many sticks of a product."""
    return StockReserved(
        order_id=order.order_id,
        store_id=order.store_id,
        attempt=order.attempt,
        lines=_lines(order, given),
        reserved_at=datetime.now(UTC),
    )


def refused(order: OrderConfirmed, *, free_sticks: int = 0) -> StockRefused:
    lines = [msgspec.structs.replace(line, reserved_sticks=0) for line in _lines(order, {})]
    return StockRefused(
        order_id=order.order_id,
        store_id=order.store_id,
        attempt=order.attempt,
        code="not-enough-stock",
        lines=[msgspec.structs.replace(line, free_sticks=free_sticks) for line in lines],
        refused_at=datetime.now(UTC),
    )


def released(order: OrderCancelled) -> StockReleased:
    return StockReleased(
        order_id=order.order_id,
        store_id=order.store_id,
        attempt=order.attempt,
        released_at=datetime.now(UTC),
    )


def shipped(order: OrderDelivered, lot: str = "L1") -> StockShipped:
    lots = [ShippedLot(gtin=line.gtin, lot=lot, sticks=line.delivered_sticks) for line in order.lines]
    return StockShipped(
        order_id=order.order_id, store_id=order.store_id, lots=lots, shipped_at=datetime.now(UTC)
    )


async def answer(desk: Desk, *answers: Event) -> None:
    await tell(desk, SUBSCRIPTION, *answers)


def _lines(order: OrderConfirmed, given: dict[str, int]) -> list[ReservedProduct]:
    return [
        ReservedProduct(
            gtin=line.gtin,
            ordered_sticks=line.ordered_sticks,
            reserved_sticks=given.get(line.gtin, line.ordered_sticks),
            free_sticks=0,
        )
        for line in order.lines
    ]

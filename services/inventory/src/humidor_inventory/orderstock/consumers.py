"""Takes what `customers` tells of orders."""

from collections.abc import Sequence

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderCancelled, OrderConfirmed, OrderDelivered
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_inventory.orderstock.service import OrderEvent, apply_orders
from humidor_inventory.units.rules import MAX_STICKS


async def on_order_events(conn: Connection, batch: Sequence[Received]) -> None:
    """Reserve, let go or ship, in the order told; each store's orders come in one order."""
    if events := [_read(each.event) for each in batch if isinstance(each.event, OrderEvent)]:
        await apply_orders(conn, events, now=utc_now())


def _read(event: OrderEvent) -> OrderEvent:
    """Refuse what no stock can hold."""
    if "\x00" in event.store_id or not 0 <= event.attempt < 2**31:
        raise Poison("store_id holds a NUL character, or attempt is out of range")
    if isinstance(event, OrderConfirmed):
        for line in event.lines:
            _check(line.gtin, line.ordered_sticks)
            if line.multiple_sticks < 1:
                raise Poison(f"{line.gtin[:14]}: a multiple of {line.multiple_sticks}")
    elif isinstance(event, OrderDelivered):
        for each in event.lines:
            _check(each.gtin, each.delivered_sticks)
    if not isinstance(event, OrderCancelled) and len({line.gtin for line in event.lines}) < len(event.lines):
        raise Poison("a product stands in it more than once")
    return event


def _check(gtin: str, sticks: int) -> None:
    if "\x00" in gtin:
        raise Poison("a GTIN holds a NUL character")
    if not 0 <= sticks <= MAX_STICKS:
        raise Poison(f"{gtin[:14]}: {sticks} sticks are not what an order can have")


SUBSCRIPTION = Subscription("inventory.orders", ("customers.order.v1",), on_order_events)

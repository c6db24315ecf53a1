"""Takes what the warehouse's service has put among its dead letters of what was told of orders."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderCancelled, OrderConfirmed, OrderDelivered
from humidor_common.messaging.subscription import Received, Subscription
from humidor_common.messaging.topics import dead_letter_topic
from humidor_customers.stuck import queries
from humidor_customers.stuck.queries import NotTaken
from humidor_customers.stuck.rules import WAITS

WAREHOUSE = "inventory.orders"
"""The group by which the warehouse's service reads orders."""


async def on_dead_letters(conn: Connection, batch: Sequence[Received]) -> None:
    found = [
        NotTaken(event.order_id, WAITS[type(event)], event.attempt, each.reason or "", each.time)
        for each in batch
        if isinstance(event := each.event, OrderConfirmed | OrderCancelled | OrderDelivered)
    ]
    if found:
        await queries.note(conn, found)


SUBSCRIPTION = Subscription(
    "customers.stuck-orders", (dead_letter_topic(OrderConfirmed.TOPIC, WAREHOUSE),), on_dead_letters
)

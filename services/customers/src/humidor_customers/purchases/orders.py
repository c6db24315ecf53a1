"""Reads what was delivered to trade customers as purchases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderDelivered
from humidor_customers.orders.rules import value_minor
from humidor_customers.purchases.rules import Document

_TERMS = """
SELECT o.order_id, coalesce(o.confirmed_at, o.placed_at) AS bought_at, o.currency, l.line, l.gtin,
       l.minor_per_carton, l.sticks_per_carton
FROM orders o JOIN order_lines l USING (order_id) WHERE o.order_id = ANY($1::uuid[])
"""


async def read_documents(conn: Connection, events: Sequence[OrderDelivered]) -> list[Document]:
    """Give what was handed over, bought when the order was confirmed, by the customer whom the event names.

    A merge moves orders from record to record; purchases stay with the record that they happened to.
    """
    told = {each.order_id: each for each in events}
    handed_over = {
        (each.order_id, line.gtin): line.delivered_sticks for each in told.values() for line in each.lines
    }
    found: dict[UUID, Document] = {}
    for row in await conn.fetch(_TERMS, sorted(told)):
        event = told[row["order_id"]]
        sticks = handed_over.get((event.order_id, row["gtin"]), 0)
        if sticks:
            money = value_minor(sticks, row["minor_per_carton"], row["sticks_per_carton"])
            document = found.setdefault(event.order_id, _head(event, row["bought_at"], row["currency"]))
            line = (row["line"], row["gtin"], sticks, "stick", money)
            found[event.order_id] = document._replace(lines=[*document.lines, line])
    return list(found.values())


def _head(event: OrderDelivered, bought_at: datetime, currency: str) -> Document:
    party = ("retailer", event.retailer_id)
    return Document(event.order_id, "order", None, *party, bought_at, event.store_id, currency, [])

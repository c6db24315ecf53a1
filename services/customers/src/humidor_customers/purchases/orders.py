"""Reads what was delivered to trade customers as lines of purchases."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderDelivered
from humidor_customers.orders.rules import value_minor
from humidor_customers.purchases.rules import Line

_TERMS = """
SELECT o.order_id, coalesce(o.confirmed_at, o.placed_at) AS bought_at, o.currency, l.line, l.gtin,
       l.minor_per_carton, l.sticks_per_carton
FROM orders o JOIN order_lines l USING (order_id) WHERE o.order_id = ANY($1::uuid[])
"""


async def read_lines(conn: Connection, events: Sequence[OrderDelivered]) -> list[Line]:
    """Give what was handed over, bought when the order was confirmed, by the customer whom the event names.

    A merge moves orders from record to record; purchases stay with the record that they happened to.
    """
    told = {each.order_id: each for each in events}
    handed_over = {
        (each.order_id, line.gtin): line.delivered_sticks for each in told.values() for line in each.lines
    }
    lines = []
    for row in await conn.fetch(_TERMS, sorted(told)):
        sticks = handed_over.get((row["order_id"], row["gtin"]), 0)
        if sticks == 0:
            continue
        event = told[row["order_id"]]
        party = ("retailer", event.retailer_id)
        money = value_minor(sticks, row["minor_per_carton"], row["sticks_per_carton"])
        what = (event.store_id, row["gtin"], sticks, "stick", money, row["currency"])
        lines.append(Line(event.order_id, row["line"], row["bought_at"], "order", None, *party, *what))
    return lines

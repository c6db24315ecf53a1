"""Reads what was delivered to trade customers as purchases."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderDelivered
from humidor_customers.arrays import numbered
from humidor_customers.orders.rules import value_minor
from humidor_customers.purchases.documents import Documents, Line

_TERMS = """
SELECT o.order_id, coalesce(o.confirmed_at, o.placed_at) AS bought_at, o.currency, l.line, l.gtin,
       l.minor_per_carton, l.sticks_per_carton
FROM orders o JOIN order_lines l USING (order_id) WHERE o.order_id = ANY($1::uuid[])
"""


class _Handed(NamedTuple):
    """An order by its customer, when it was confirmed, and what was handed over."""

    told: OrderDelivered
    bought_at: datetime
    currency: str
    lines: list[Line]


async def read_documents(conn: Connection, events: Sequence[OrderDelivered]) -> Documents:
    """Give what was handed over, bought when the order was confirmed, by the customer whom the event names.

    A merge moves orders from record to record; purchases stay with the record that they happened to.
    """
    told = {each.order_id: each for each in events}
    handed_over = {
        (each.order_id, line.gtin): line.delivered_sticks for each in told.values() for line in each.lines
    }
    found: dict[UUID, _Handed] = {}
    for row in await conn.fetch(_TERMS, sorted(told)):
        event = told[row["order_id"]]
        sticks = handed_over.get((event.order_id, row["gtin"]), 0)
        if sticks:
            money = value_minor(sticks, row["minor_per_carton"], row["sticks_per_carton"])
            order = found.setdefault(event.order_id, _Handed(event, row["bought_at"], row["currency"], []))
            order.lines.append(Line(row["line"], row["gtin"], sticks, "stick", money))
    return _documents(list(found.values()))


def _documents(orders: Sequence[_Handed]) -> Documents:
    of, lines = numbered(line for each in orders for line in each.lines)
    return Documents(
        document_id=[each.told.order_id for each in orders],
        kind=["order"] * len(orders),
        sale_id=[None] * len(orders),
        party_kind=["retailer"] * len(orders),
        party_id=[each.told.retailer_id for each in orders],
        bought_at=[each.bought_at for each in orders],
        store_id=[each.told.store_id for each in orders],
        currency=[each.currency for each in orders],
        size=[len(each.lines) for each in orders],
        of=of,
        lines=lines,
    )

"""Statements over the stock that orders have asked for."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_inventory.orderstock.rules import State

_LOAD = """
SELECT s.order_id, s.attempt, s.state, r.reservation_id, r.store_id, r.gtin, r.quantity_sticks
FROM order_stock s
LEFT JOIN reservations r ON r.order_id = s.order_id AND r.state = 'confirmed'
WHERE s.order_id = ANY($1::uuid[])
"""
_KEEP = """
INSERT INTO reservations (reservation_id, store_id, gtin, quantity_sticks, state, reference, reserved_at,
                          reserved_by, expires_at, closed_at, closed_reason, order_id)
SELECT (e->>0)::uuid, e->>1, e->>2, (e->>3)::bigint,
       CASE WHEN e->>4 IS NULL THEN 'confirmed' ELSE 'released' END, 'order', $2::timestamptz,
       'customers', $2, CASE WHEN e->>4 IS NOT NULL THEN $2 END, e->>4, (e->>5)::uuid
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (reservation_id) DO UPDATE
SET state = excluded.state, closed_at = excluded.closed_at, closed_reason = excluded.closed_reason
"""
_DECIDE = """
INSERT INTO order_stock (order_id, attempt, state, decided_at)
SELECT (e->>0)::uuid, (e->>1)::int, e->>2, $2::timestamptz
FROM jsonb_array_elements($1::jsonb) e ORDER BY 1
ON CONFLICT (order_id) DO UPDATE
SET attempt = excluded.attempt, state = excluded.state,
    decided_at = excluded.decided_at
"""


class Kept(msgspec.Struct):
    """What is kept back of one product for an order; `closed` says why it is not any more."""

    reservation_id: UUID
    store_id: str
    gtin: str
    sticks: int
    closed: str | None = None


class OrderStock(msgspec.Struct):
    """Where the stock of one order stands, and what is kept back for it."""

    order_id: UUID
    attempt: int = 0
    state: State | None = None
    kept: list[Kept] = msgspec.field(default_factory=list)

    @property
    def open(self) -> list[Kept]:
        return [each for each in self.kept if each.closed is None]


async def stores_of(conn: Connection, order_ids: Collection[UUID]) -> set[str]:
    """Name the stores that anything is, or was, kept back in for these orders."""
    rows = await conn.fetch(
        "SELECT DISTINCT store_id FROM reservations WHERE order_id = ANY($1::uuid[])", list(order_ids)
    )
    return {row[0] for row in rows}


async def load(conn: Connection, order_ids: Collection[UUID]) -> dict[UUID, OrderStock]:
    """Load what is known of the orders; one that nobody has told of begins empty."""
    found = {order_id: OrderStock(order_id) for order_id in order_ids}
    for row in await conn.fetch(_LOAD, list(order_ids)):
        order = found[row["order_id"]]
        order.attempt, order.state = row["attempt"], row["state"]
        if row["reservation_id"]:
            kept = Kept(row["reservation_id"], row["store_id"], row["gtin"], row["quantity_sticks"])
            order.kept.append(kept)
    return found


async def store(conn: Connection, orders: Sequence[OrderStock], *, now: datetime) -> None:
    """Write where orders stand, and what is kept back for them or not any more."""
    kept = [
        (each.reservation_id, each.store_id, each.gtin, each.sticks, each.closed, order.order_id)
        for order in orders
        for each in order.kept
    ]
    if kept:
        await conn.execute(_KEEP, kept, now)
    rows: Iterable[Any] = [(each.order_id, each.attempt, each.state) for each in orders]
    await conn.execute(_DECIDE, list(rows), now)

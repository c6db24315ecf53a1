"""Turns approved suggestions into purchase orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import OrderedLine, PurchaseOrderPlaced
from humidor_common.ids import uuid7
from humidor_inventory.replenishment import queries
from humidor_inventory.stock.service import write_balances
from humidor_inventory.stock.shelf import Shelf


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A suggestion whose order shall be placed; the shelf's row is locked."""

    replenishment_id: UUID
    shelf: Shelf
    quantity_sticks: int


async def place_orders(
    conn: Connection, approvals: Sequence[Approval], *, approved_by: str, now: datetime
) -> list[PurchaseOrderPlaced]:
    """Place one order for each suggestion, raise what is on order, and return the events to be told."""
    if not approvals:
        return []
    ids = [uuid7() for _ in approvals]
    stores = [approval.shelf.store_id for approval in approvals]
    gtins = [approval.shelf.gtin for approval in approvals]
    quantities = [approval.quantity_sticks for approval in approvals]
    placed = await conn.fetch(queries.PLACE_ORDERS, ids, stores, gtins, approved_by, now)
    suppliers: dict[UUID, str | None] = {row[0]: row[1] for row in placed}
    await conn.execute(queries.ORDER_LINES, ids, gtins, quantities)
    replenishments = [approval.replenishment_id for approval in approvals]
    await conn.execute(queries.APPROVE_SUGGESTIONS, replenishments, ids, approved_by, now)
    for approval in approvals:
        approval.shelf.on_order += approval.quantity_sticks
    await write_balances(conn, [approval.shelf for approval in approvals])
    return [
        PurchaseOrderPlaced(
            purchase_order_id=order_id,
            store_id=approval.shelf.store_id,
            supplier_id=suppliers[order_id],
            lines=[OrderedLine(gtin=approval.shelf.gtin, quantity_sticks=approval.quantity_sticks)],
            placed_at=now,
            approved_by=approved_by,
        )
        for order_id, approval in zip(ids, approvals, strict=True)
    ]

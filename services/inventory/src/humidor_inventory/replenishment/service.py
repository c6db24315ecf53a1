"""What people decide about suggestions and orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, not_found
from humidor_inventory.orders.placing import OrderDraft, OrderLineDraft, place_orders
from humidor_inventory.replenishment import lists
from humidor_inventory.replenishment.review import review
from humidor_inventory.replenishment.schemas import PurchaseOrderView, ReplenishmentView
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances


async def approve_replenishment(
    conn: Connection, principal: Principal, replenishment_id: UUID, *, now: datetime
) -> ReplenishmentView:
    """Turn an open suggestion into a purchase order; once approved, again gives the same answer."""
    row = await _lock(conn, principal, "replenishments", "replenishment_id", replenishment_id)
    if row["state"] == "approved":
        return await lists.get_replenishment(conn, replenishment_id)
    _require_open(row["state"])
    line = OrderLineDraft(
        gtin=row["gtin"], quantity_sticks=row["quantity_sticks"], replenishment_id=replenishment_id
    )
    draft = OrderDraft(store_id=row["store_id"], supplier_id=None, lines=[line])
    events = await place_orders(conn, [draft], placed_by=principal.subject, now=now)
    await outbox.append(conn, events)
    after = await lists.get_replenishment(conn, replenishment_id)
    await _note(conn, principal, "approve", "replenishment", str(replenishment_id), after=after)
    return after


async def reject_replenishment(
    conn: Connection, principal: Principal, replenishment_id: UUID, reason: str, *, now: datetime
) -> ReplenishmentView:
    """Refuse an open suggestion; none is made again until its alert has closed or the level is set anew."""
    row = await _lock(conn, principal, "replenishments", "replenishment_id", replenishment_id)
    _require_open(row["state"])
    await conn.execute(
        """UPDATE replenishments SET state = 'rejected', decided_by = $2, decided_reason = $3, updated_at = $4
           WHERE replenishment_id = $1""",
        replenishment_id,
        principal.subject,
        reason,
        now,
    )
    await conn.execute("UPDATE alerts SET suggestion_refused = true WHERE alert_id = $1", row["alert_id"])
    after = await lists.get_replenishment(conn, replenishment_id)
    await _note(conn, principal, "reject", "replenishment", str(replenishment_id), after=after, reason=reason)
    return after


async def cancel_purchase_order(
    conn: Connection, principal: Principal, purchase_order_id: UUID, reason: str, *, now: datetime
) -> PurchaseOrderView:
    """Give up what has not come in of an order; what is lacking now is suggested anew."""
    row = await _lock(conn, principal, "purchase_orders", "purchase_order_id", purchase_order_id)
    if not row["awaited"]:
        raise Problem(409, "purchase-order-closed", f"The order was {row['state']} already.")
    lines = await conn.fetch(
        """SELECT gtin, greatest(ordered_sticks - received_sticks, 0) AS outstanding_sticks
           FROM purchase_order_lines WHERE purchase_order_id = $1""",
        purchase_order_id,
    )
    await conn.execute(
        """UPDATE purchase_orders SET state = 'cancelled', closed_at = $2, closed_reason = $3
           WHERE purchase_order_id = $1""",
        purchase_order_id,
        now,
        reason,
    )
    await conn.execute(
        "UPDATE alerts SET state = 'open', purchase_order_id = NULL "
        "WHERE purchase_order_id = $1 AND closed_at IS NULL",
        purchase_order_id,
    )
    shelves = await load_shelves(conn, [(row["store_id"], line["gtin"]) for line in lines])
    for line in lines:
        shelves[row["store_id"], line["gtin"]].on_order -= line["outstanding_sticks"]
    await write_balances(conn, shelves.values())
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    after = await lists.get_purchase_order(conn, purchase_order_id)
    await _note(
        conn, principal, "cancel", "purchase_order", str(purchase_order_id), after=after, reason=reason
    )
    return after


async def _lock(conn: Connection, principal: Principal, table: str, key: str, identity: UUID) -> Any:
    """Find a row, check that the caller may use its store, lock the store and read the row as it is then.

    A row of a store that is not the caller's is not found: whether it exists is nobody else's business.
    """
    query = f"SELECT * FROM {table} WHERE {key} = $1"  # noqa: S608 - both are names from this module
    row = await conn.fetchrow(query, identity)
    if row is None or not principal.may_use_store(row["store_id"]):
        raise not_found(table.removesuffix("s").replace("_", " "), identity)
    await lock_stores(conn, [row["store_id"]])
    return await conn.fetchrow(query, identity)


def _require_open(state: str) -> None:
    if state != "open":
        raise Problem(409, "replenishment-decided", f"The suggestion was {state} already.")


async def _note(  # noqa: PLR0913 - audit.record's columns
    conn: Connection,
    principal: Principal,
    action: str,
    entity: str,
    entity_id: str,
    *,
    after: ReplenishmentView | PurchaseOrderView,
    reason: str | None = None,
) -> None:
    document = after.model_dump(mode="json")
    await audit.record(conn, principal, action, entity, entity_id, after=document, reason=reason)

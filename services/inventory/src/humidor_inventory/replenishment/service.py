"""What people decide about suggestions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, not_found
from humidor_inventory.orders.approvals import require_approval
from humidor_inventory.orders.placing import place_priced
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, price_orders
from humidor_inventory.replenishment import lists
from humidor_inventory.replenishment.review import POLICY
from humidor_inventory.replenishment.schemas import ReplenishmentView
from humidor_inventory.stock.service import lock_stores


async def approve_replenishment(
    conn: Connection, principal: Principal, replenishment_id: UUID, *, now: datetime
) -> ReplenishmentView:
    """Turn an open suggestion into a purchase order; once approved, again gives the same answer."""
    row = await _lock(conn, principal, replenishment_id)
    if row["state"] == "approved":
        return await lists.get_replenishment(conn, replenishment_id)
    _require_open(row["state"])
    await _require_none_waiting(conn, row)
    line = OrderLineDraft(
        gtin=row["gtin"], quantity_sticks=row["quantity_sticks"], replenishment_id=replenishment_id
    )
    draft = OrderDraft(store_id=row["store_id"], supplier_id=None, lines=[line])
    priced = await price_orders(conn, [draft], now=now)
    await require_approval(
        conn,
        principal,
        {"currency": priced[0].currency, "value_minor": priced[0].value_minor, "created_by": POLICY},
    )
    events = await place_priced(conn, priced, placed_by=principal.subject, now=now)
    await outbox.append(conn, events)
    after = await lists.get_replenishment(conn, replenishment_id)
    await _note(conn, principal, "approve", after)
    return after


async def reject_replenishment(
    conn: Connection, principal: Principal, replenishment_id: UUID, reason: str, *, now: datetime
) -> ReplenishmentView:
    """Refuse an open suggestion; none is made again until its alert has closed or the level is set anew."""
    row = await _lock(conn, principal, replenishment_id)
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
    await _note(conn, principal, "reject", after, reason)
    return after


async def _lock(conn: Connection, principal: Principal, replenishment_id: UUID) -> Any:
    """Find a suggestion, check that the caller may use its store, lock the store and read it as it is then.

    One of a store that is not the caller's is not found: whether it exists is nobody else's business.
    """
    query = "SELECT * FROM replenishments WHERE replenishment_id = $1"
    row = await conn.fetchrow(query, replenishment_id)
    if row is None or not principal.may_use_store(row["store_id"]):
        raise not_found("replenishment", replenishment_id)
    await lock_stores(conn, [row["store_id"]])
    return await conn.fetchrow(query, replenishment_id)


def _require_open(state: str) -> None:
    if state != "open":
        raise Problem(409, "replenishment-decided", f"The suggestion was {state} already.")


async def _require_none_waiting(conn: Connection, row: Any) -> None:
    """Refuse a second order of what waits for its approval in one already, of a plan or by hand."""
    waiting = await conn.fetchval(
        """SELECT o.purchase_order_id FROM purchase_orders o JOIN purchase_order_lines l
             USING (purchase_order_id)
           WHERE o.state = 'pending_approval' AND o.store_id = $1 AND l.gtin = $2 LIMIT 1""",
        row["store_id"],
        row["gtin"],
    )
    if waiting is not None:
        detail = (
            f"The purchase order {waiting} of this product waits for its approval; decide about it first."
        )
        raise Problem(409, "order-waits-for-approval", detail)


async def _note(
    conn: Connection, principal: Principal, action: str, after: ReplenishmentView, reason: str | None = None
) -> None:
    identity, document = str(after.replenishment_id), after.model_dump(mode="json")
    await audit.record(conn, principal, action, "replenishment", identity, after=document, reason=reason)

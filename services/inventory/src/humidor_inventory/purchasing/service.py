"""What people do with purchase orders: make, submit, approve, reject and cancel them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.alerts.reporting import settle
from humidor_inventory.alerts.rules import AlertKind
from humidor_inventory.inputs import sticks_of
from humidor_inventory.orders.approvals import require_approval, verdict
from humidor_inventory.orders.changing import (
    change_order,
    closed_event,
    give_up,
    lock_order,
    next_state,
    read_lines,
)
from humidor_inventory.orders.notices import Notice, notify_suppliers
from humidor_inventory.orders.placing import place_priced, put_on_order, write_lines, write_orders
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, PricedOrder, price_orders
from humidor_inventory.purchasing import lists
from humidor_inventory.purchasing.schemas import OrderInput, PurchaseOrderView
from humidor_inventory.receipts.queries import load_habits, require_store
from humidor_inventory.receipts.rules import Awaited, doubt, explain
from humidor_inventory.replenishment.review import review
from humidor_inventory.scorecards.measuring import record_closing
from humidor_inventory.stock.service import load_shelves, lock_stores
from humidor_inventory.units.queries import load_factors

_LAST_DAY = "SELECT ($2::timestamptz AT TIME ZONE time_zone)::date FROM stores WHERE store_id = $1"


async def create_order(
    conn: Connection, principal: Principal, given: OrderInput, *, now: datetime
) -> PurchaseOrderView:
    """Make an order; submitted it is placed at once where its maker may, else it waits for an approval."""
    await lock_stores(conn, [given.store_id])
    await require_store(conn, given.store_id)
    draft = await _read_draft(conn, given)
    (priced,) = await price_orders(conn, [draft], now=now)
    made = {"currency": priced.currency, "value_minor": priced.value_minor, "created_by": principal.subject}
    if not given.submit:
        await write_orders(conn, [priced], state="draft", by=principal.subject, now=now)
    elif await verdict(conn, principal, made) == "approved":
        events = await place_priced(conn, [priced], placed_by=principal.subject, now=now)
        await outbox.append(conn, events)
    else:
        await write_orders(conn, [priced], state="pending_approval", by=principal.subject, now=now)
    return await told(conn, principal, "create", priced.purchase_order_id)


async def submit_order(
    conn: Connection, principal: Principal, purchase_order_id: UUID, *, now: datetime
) -> PurchaseOrderView:
    """Submit a draft; it is placed at once where the caller may approve it."""
    order = await lock_own(conn, principal, purchase_order_id)
    next_state(order, "submit")
    priced = await _price_again(conn, order, now)
    if await verdict(conn, principal, _judged(order, priced)) == "approved":
        await _place(conn, order, priced, (principal.subject, now))
    else:
        await change_order(conn, order, "submit", (principal.subject, now))
    return await told(conn, principal, "submit", purchase_order_id)


async def approve_order(
    conn: Connection, principal: Principal, purchase_order_id: UUID, *, now: datetime
) -> PurchaseOrderView:
    """Place an order that waits for it, at the prices of today, within what the caller may approve."""
    order = await lock_own(conn, principal, purchase_order_id)
    if order["state"] != "pending_approval":
        next_state(order, "reject")
    priced = await _price_again(conn, order, now)
    await require_approval(conn, principal, _judged(order, priced))
    await _place(conn, order, priced, (principal.subject, now))
    return await told(conn, principal, "approve", purchase_order_id)


async def reject_order(
    conn: Connection, principal: Principal, purchase_order_id: UUID, reason: str, *, now: datetime
) -> PurchaseOrderView:
    """Refuse to approve an order."""
    order = await lock_own(conn, principal, purchase_order_id)
    await change_order(conn, order, "reject", (principal.subject, now), reason=reason)
    return await told(conn, principal, "reject", purchase_order_id, reason)


async def cancel_order(
    conn: Connection, principal: Principal, purchase_order_id: UUID, reason: str, *, now: datetime
) -> PurchaseOrderView:
    """Give up what has not come in of an order; what is lacking now is suggested anew."""
    order = await lock_own(conn, principal, purchase_order_id)
    state = await change_order(conn, order, "cancel", (principal.subject, now), reason=reason)
    shelves = await give_up(conn, order)
    await review(conn, [shelf for shelf in shelves if shelf.needs_review], now=now)
    if order["awaited"]:
        await close_order(conn, order, state, now=now)
        body = {"purchase_order_id": str(purchase_order_id), "reason": reason}
        await notify(conn, order, "cancelled", body, now=now)
    return await told(conn, principal, "cancel", purchase_order_id, reason)


async def close_order(conn: Connection, order: Any, state: Any, *, now: datetime) -> None:
    """Do what follows when an awaited order is given up: measure, settle its alert, tell."""
    lines = await read_lines(conn, order["purchase_order_id"])
    last = order["last_received_at"]
    if last is not None:
        day = await conn.fetchval(_LAST_DAY, order["store_id"], last)
        await record_closing(conn, order, lines, last=(last, day), now=now)
    elif state == "rejected":
        await record_closing(conn, order, lines, last=None, now=now)
    late = (AlertKind.LATE_DELIVERY, order["store_id"], str(order["purchase_order_id"]))
    await settle(conn, [late], reason=f"the order was {state}", now=now)
    await conn.execute(
        "UPDATE shipments SET state = 'withdrawn' WHERE purchase_order_id = $1 AND state = 'announced'",
        order["purchase_order_id"],
    )
    await outbox.append(conn, [closed_event(order, state, lines, now)])


async def notify(conn: Connection, order: Any, what: str, body: dict[str, Any], *, now: datetime) -> None:
    """Tell the supplier's systems what became of an order."""
    notice = Notice(
        supplier_id=order["supplier_id"],
        topic=f"inventory.purchase-order.{what}",
        subject=str(order["purchase_order_id"]),
        body=body,
    )
    await notify_suppliers(conn, [notice], now=now)


async def lock_own(conn: Connection, principal: Principal, purchase_order_id: UUID) -> Any:
    """Lock an order of the caller's stores, see `lock_order`."""
    return await lock_order(conn, purchase_order_id, lambda row: principal.may_use_store(row["store_id"]))


async def told(
    conn: Connection, principal: Principal, action: str, purchase_order_id: UUID, reason: str | None = None
) -> PurchaseOrderView:
    """Read the order as it is now, and enter in the audit trail what a person did with it."""
    after = await lists.get_purchase_order(conn, purchase_order_id)
    await audit.record(
        conn,
        principal,
        action,
        "purchase_order",
        str(purchase_order_id),
        after=after,
        reason=reason,
    )
    return after


def _judged(order: Any, priced: PricedOrder) -> dict[str, Any]:
    return {
        "currency": priced.currency,
        "value_minor": priced.value_minor,
        "created_by": order["created_by"],
    }


async def _read_draft(conn: Connection, given: OrderInput) -> OrderDraft:
    gtins = {line.gtin for line in given.lines}
    factors = await load_factors(conn, gtins)
    habits = await load_habits(conn, given.store_id, gtins)
    unknown, doubted, lines = [], [], []
    for n, line in enumerate(given.lines):
        if line.gtin not in factors:
            unknown.append(FieldError(f"lines[{n}].gtin", "there is no such product"))
            continue
        own = factors[line.gtin]
        suspicion = doubt(line.quantity, line.unit, own, Awaited(usual=habits.get(line.gtin)))
        if suspicion and not line.confirm:
            message = explain(suspicion, line.quantity, line.unit)
            doubted.append(FieldError(f"lines[{n}].quantity", message))
        sticks = sticks_of(line.quantity, line.unit, own, f"lines[{n}].quantity")
        lines.append(OrderLineDraft(gtin=line.gtin, quantity_sticks=sticks))
    if unknown:
        raise Problem(422, "invalid", f"{unknown[0].field}: {unknown[0].message}", errors=unknown[:50])
    if doubted:
        raise Problem(409, "implausible-quantity", f"{doubted[0].message}.", errors=doubted[:50])
    await _require_supplier(conn, given.supplier_id)
    return OrderDraft(
        store_id=given.store_id,
        supplier_id=given.supplier_id,
        lines=lines,
        expected_on=given.expected_on,
        note=given.note,
        manual=True,
    )


async def _require_supplier(conn: Connection, supplier_id: str | None) -> None:
    if supplier_id is None:
        return
    status = await conn.fetchval("SELECT status FROM suppliers WHERE supplier_id = $1", supplier_id)
    if status != "active":
        raise invalid("supplier_id", "there is no such supplier" if status is None else "is inactive")


async def _price_again(conn: Connection, order: Any, now: datetime) -> PricedOrder:
    lines = await read_lines(conn, order["purchase_order_id"])
    draft = OrderDraft(
        store_id=order["store_id"],
        supplier_id=order["supplier_id"],
        lines=[OrderLineDraft(gtin=x["gtin"], quantity_sticks=x["ordered_sticks"]) for x in lines],
        expected_on=order["expected_on"],
        plan_id=order["plan_id"],
        note=order["note"],
        manual=True,
    )
    (priced,) = await price_orders(conn, [draft], now=now)
    return msgspec.structs.replace(priced, purchase_order_id=order["purchase_order_id"])


async def _place(conn: Connection, order: Any, priced: PricedOrder, by: tuple[str, datetime]) -> None:
    order_id = priced.purchase_order_id
    await conn.execute("DELETE FROM purchase_order_lines WHERE purchase_order_id = $1", order_id)
    await write_lines(conn, [(order_id, line) for line in priced.lines])
    await change_order(
        conn,
        order,
        "approve",
        by,
        supplier_id=priced.supplier_id,
        expected_on=priced.expected_on,
        currency=priced.currency,
        value_minor=priced.value_minor,
        approved_by=by[0],
        placed_at=by[1],
    )
    shelves = await load_shelves(conn, [(order["store_id"], line.gtin) for line in priced.lines])
    events = await put_on_order(conn, [priced], placed_by=by[0], now=by[1], shelves=shelves)
    await outbox.append(conn, events)
    # What was suggested before is on its way now; a suggestion that stayed would order it again.
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=by[1])

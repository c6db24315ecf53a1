"""Reads, locks, closes and notes orders: what every use case of them shares."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_common.events.customers import OrderCancelled
from humidor_common.messaging import outbox
from humidor_common.telemetry.traces import current_traceparent, trace_id_of
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, not_found
from humidor_customers.inputs import Party
from humidor_customers.orders import queries
from humidor_customers.orders.rules import STANDING, Act, State, may
from humidor_customers.orders.schemas import OrderView
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.service import lock_live
from humidor_customers.timeline.service import Entry, adding

_TOLD: Mapping[State, tuple[str, str]] = {
    "confirmed": ("order_placed", "confirmed_at"),
    "refused": ("order_refused", "changed_at"),
    "delivered": ("order_delivered", "delivered_at"),
    "cancelled": ("order_cancelled", "closed_at"),
}
"""How the timeline calls what became of an order, and which of its moments that was."""


async def close(conn: Connection, order: OrderView, why: tuple[str, str], *, now: datetime) -> OrderView:
    """Cancel a locked order for a code and a reason, and tell the warehouse where it has been asked."""
    code, reason = why
    asked = order.state in STANDING
    update = {
        "state": "cancelled",
        "stock": "releasing" if asked else order.stock,
        "payment": order.payment if order.payment in ("paid", "failed") else "none",
        "closed_code": code,
        "closed_reason": reason,
        "closed_at": now,
    }
    after = next_version(order, update, now)
    await queries.write(conn, [after], lines=False)
    if order.attempt:
        await statements.run(conn, entering([after]))
    if asked:
        told = OrderCancelled(
            order_id=order.order_id,
            retailer_id=order.retailer_id,
            cycle_id=order.cycle_id,
            store_id=order.store_id,
            attempt=order.attempt,
            code=code,
            cancelled_at=now,
        )
        await outbox.append(conn, [told])
    return after


async def get_order(conn: Connection, order_id: UUID) -> OrderView:
    """Read an order.

    Raises:
        Problem: 404.
    """
    found = (await queries.read(conn, [order_id])).get(order_id)
    if found is None:
        raise not_found("order", order_id)
    return found


async def lock_order(
    conn: Connection, order_id: UUID, act: Act | None, if_match: str | None
) -> tuple[OrderView, Document]:
    """Lock an order with its customer, for something that its state allows.

    Raises:
        Problem: 404; 409 `order-state` or `changed-meanwhile`; 412.
    """
    owner = await queries.owner(conn, order_id)
    if owner is None:
        raise not_found("order", order_id)
    retailer = await lock_live(conn, owner)
    order = (await queries.lock(conn, [order_id]))[order_id]
    if order.retailer_id != owner:
        raise Problem(409, "changed-meanwhile", "The order has just gone to another customer; try again.")
    check_match(if_match, order.version)
    if act is not None and not may(act, order.state):
        raise Problem(409, "order-state", f"The order is {order.state}.")
    return order, retailer


def next_version(order: OrderView, update: Mapping[str, object], now: datetime) -> OrderView:
    return order.model_copy(update={**update, "version": order.version + 1, "changed_at": now})


class Noted(NamedTuple):
    """What somebody did to an order, from what to what, why, and in which trace."""

    principal: Principal
    action: str
    before: OrderView | None
    after: OrderView
    reason: str | None = None
    traceparent: str | None = None


def noting(acts: Sequence[Noted]) -> Statement:
    """Make the statement that writes the audit trail: where orders stood and stand."""
    return audit.recording("order", [_change(each) for each in acts])


def _change(act: Noted) -> audit.Change:
    return audit.Change(
        act.principal.subject,
        act.principal.kind,
        act.action,
        str(act.after.order_id),
        act.before and _kept(act.before),
        _kept(act.after),
        act.reason,
        trace_id_of(act.traceparent),
    )


async def note(
    conn: Connection,
    principal: Principal,
    action: str,
    before: OrderView | None,
    after: OrderView,
    reason: str | None = None,
) -> None:
    """Write the audit trail of one order."""
    act = Noted(principal, action, before, after, reason, current_traceparent())
    await statements.run(conn, noting([act]))


def entering(orders: Sequence[OrderView]) -> Statement:
    """Make the statement that puts what has just become of orders on their customers' timelines.

    Entries name no store: an order concerns the customer's own stores, and not only who keeps the warehouse.
    """
    return adding([_entry(each) for each in orders])


def _entry(order: OrderView) -> Entry:
    details: dict[str, Any] = {"value_minor": order.value_minor, "currency": order.currency}
    if order.state == "confirmed":
        details["lines"] = len(order.lines)
    if code := order.closed_code or order.refusal_code:
        details["code"] = code
    kind, moment = _TOLD[order.state]
    happened_at = getattr(order, moment) or order.changed_at
    return Entry(Party("retailer", order.retailer_id), order.order_id, kind, happened_at, details)


def _kept(order: OrderView) -> dict[str, object]:
    lines = [[line.gtin, line.requested_sticks, line.ordered_sticks] for line in order.lines]
    names = {"retailer_id", "state", "stock", "payment", "value_minor", "version"}
    return order.model_dump(include=names) | {"lines": lines}

"""Reads, locks, closes and notes orders: what every use case of them shares."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderCancelled
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, not_found
from humidor_customers.orders import queries
from humidor_customers.orders.rules import STANDING, Act, may
from humidor_customers.orders.schemas import OrderView
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.service import lock_live


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


async def note(
    conn: Connection,
    principal: Principal,
    action: str,
    before: OrderView | None,
    after: OrderView,
    reason: str | None = None,
) -> None:
    """Write the audit trail: where the order stood and stands."""
    await audit.record(
        conn,
        principal,
        action,
        "order",
        str(after.order_id),
        before=before and _kept(before),
        after=_kept(after),
        reason=reason,
    )


def _kept(order: OrderView) -> dict[str, object]:
    lines = [[line.gtin, line.requested_sticks, line.ordered_sticks] for line in order.lines]
    names = {"retailer_id", "state", "stock", "payment", "value_minor", "version"}
    return order.model_dump(include=names) | {"lines": lines}

"""What happens to an order that stands: debits, dispatch and delivery with its proof."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.auth import Principal
from humidor_common.clock import local_date
from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.events.customers import DeliveredProduct, OrderDelivered
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, invalid
from humidor_customers.catalogue.queries import load_products
from humidor_customers.inputs import CLOCKS_APART
from humidor_customers.orders import queries
from humidor_customers.orders.checking import licence_of, worth
from humidor_customers.orders.keeping import close, entering, lock_order, next_version, note
from humidor_customers.orders.rules import STANDING, settled
from humidor_customers.orders.schemas import DebitInput, DebitView, DeliveryInput, LineView, OrderView


async def record_debit(
    conn: Connection, principal: Principal, order_id: UUID, given: DebitInput, *, now: datetime
) -> DebitView:
    """Book what a bank says; a failed debit cancels a prepaid order that has not left, for others to order.

    A bank's reference counts once: told again, it answers what it did.

    Raises:
        Problem: 404; 409 `reference-used` for something else; 422 where more is refunded than was paid.
    """
    order, _ = await lock_order(conn, order_id, None, None)
    known = await queries.find_debit(conn, given.reference)
    if known is not None:
        same = (known["order_id"], known["outcome"], known["amount_minor"])
        if same != (order_id, given.outcome, given.amount_minor):
            raise _used(given.reference)
        return _debit_view(known, order)
    if order.attempt == 0:
        raise Problem(409, "order-state", "The order has never been confirmed.")
    after = next_version(order, _paid(order, given), now)
    await queries.write(conn, [after], lines=False)
    row = given.model_dump() | {
        "debit_id": uuid7(),
        "order_id": order_id,
        "booked_at": given.booked_at or now,
        "recorded_at": now,
        "recorded_by": principal.subject,
    }
    try:
        await queries.write_debit(conn, row)
    except asyncpg.UniqueViolationError as error:
        raise _used(given.reference) from error
    if given.outcome == "failed" and order.prepaid and order.state in ("confirmed", "reserved"):
        after = await close(conn, after, ("debit-failed", given.reason or given.reference), now=now)
    await note(conn, principal, f"book_{given.outcome}", order, after, given.reason)
    return _debit_view(row, after)


def _used(reference: str) -> Problem:
    return Problem(409, "reference-used", f"The reference {reference!r} is booked already.")


def _paid(order: OrderView, given: DebitInput) -> dict[str, object]:
    if given.outcome == "failed":
        return {"payment": order.payment if order.payment == "paid" else "failed"}
    paid = order.paid_minor + (given.amount_minor if given.outcome == "paid" else -given.amount_minor)
    if paid < 0:
        raise invalid("amount_minor", f"only {order.paid_minor} were paid")
    if order.state not in STANDING:
        return {"paid_minor": paid, "payment": "paid" if paid else "none"}
    return {"paid_minor": paid, "payment": "paid" if paid >= order.value_minor else "due"}


async def list_debits(conn: Connection, order: OrderView) -> list[DebitView]:
    return [_debit_view(row, order) for row in await queries.list_debits(conn, order.order_id)]


def _debit_view(row: Mapping[str, Any], order: OrderView) -> DebitView:
    return DebitView(
        **row,
        order_state=order.state,
        payment=order.payment,
        refund_due_minor=order.refund_due_minor,
    )


async def dispatch(conn: Connection, principal: Principal, order_id: UUID, *, now: datetime) -> OrderView:
    """Send an order off; one whose licence has ended since is cancelled instead, and its goods are let go.

    Raises:
        Problem: 404; 409 `order-state`, or `not-paid` for a prepaid order.
    """
    before, retailer = await lock_order(conn, order_id, "dispatch", None)
    principal.check_store(before.store_id)
    state = licence_of(retailer, local_date(now, retailer["time_zone"]))
    if state != "active" or retailer["state"] != "active":
        why = f"licence-{state}" if state != "active" else "customer-not-active"
        after = await close(conn, before, (why, "found at dispatch"), now=now)
        await note(conn, principal, "stop", before, after, why)
        return after
    if before.prepaid and before.payment != "paid":
        raise Problem(
            409, "not-paid", f"The payment is {before.payment}; the customers of this group prepay."
        )
    after = next_version(before, {"state": "dispatched", "dispatched_at": now}, now)
    await queries.write(conn, [after], lines=False)
    await note(conn, principal, "dispatch", before, after)
    return after


async def deliver(
    conn: Connection, principal: Principal, order_id: UUID, given: DeliveryInput, *, now: datetime
) -> OrderView:
    """Record that goods were handed over, and how one knows; what has happened is kept, with exceptions.

    Raises:
        Problem: 404; 409 `order-state`; 422 where it is in the future or more than was kept back.
    """
    before, retailer = await lock_order(conn, order_id, "deliver", None)
    principal.check_store(before.store_id)
    at = given.delivered_at or now
    if at > now + CLOCKS_APART:
        raise invalid("delivered_at", "is in the future")
    state = licence_of(retailer, local_date(at, retailer["time_zone"]))
    lines = await _handed_over(conn, before, given)
    update = {
        "state": "delivered",
        "stock": "shipping",
        "delivered_at": at,
        "proof": given.proof,
        "lines": lines,
        "value_minor": worth(lines, "delivered_sticks"),
        "exceptions": [*before.exceptions, *([f"licence-{state}"] if state != "active" else [])],
    }
    after = next_version(before, update, now)
    payment = settled(after.payment, after.paid_minor, after.value_minor)
    after = after.model_copy(update={"payment": payment})
    await queries.write(conn, [after])
    await outbox.append(conn, [_told(after, at)])
    await statements.run(conn, entering([after]))
    await note(conn, principal, "deliver", before, after)
    return after


async def _handed_over(conn: Connection, order: OrderView, given: DeliveryInput) -> list[LineView]:
    products = await load_products(conn, [line.gtin for line in given.lines]) if given.lines else {}
    ordered = {line.gtin: line for line in order.lines}
    delivered = {line.gtin: line.reserved_sticks or 0 for line in order.lines}
    for i, line in enumerate(given.lines):
        if line.gtin not in ordered:
            raise invalid(f"lines[{i}].gtin", "is not in the order")
        sticks = products[line.gtin].sticks(line.quantity, line.unit)
        if sticks > (ordered[line.gtin].reserved_sticks or 0):
            raise invalid(f"lines[{i}].quantity", "is more than was kept back for the order")
        delivered[line.gtin] = sticks
    return [line.model_copy(update={"delivered_sticks": delivered[line.gtin]}) for line in order.lines]


def _told(order: OrderView, at: datetime) -> OrderDelivered:
    return OrderDelivered(
        order_id=order.order_id,
        retailer_id=order.retailer_id,
        cycle_id=order.cycle_id,
        store_id=order.store_id,
        attempt=order.attempt,
        lines=[
            DeliveredProduct(gtin=line.gtin, delivered_sticks=line.delivered_sticks or 0)
            for line in order.lines
        ],
        delivered_at=at,
    )

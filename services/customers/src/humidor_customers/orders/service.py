"""Places, changes, confirms and cancels orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderConfirmed, OrderedProduct
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders import queries
from humidor_customers.orders.checking import (
    Place,
    check_credit,
    check_licence,
    check_window,
    find_window,
    price,
    worth,
)
from humidor_customers.orders.keeping import close, lock_order, next_version, note
from humidor_customers.orders.rules import settled
from humidor_customers.orders.schemas import LineInput, OrderInput, OrderView, Wish
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.service import lock_live


async def place(conn: Connection, principal: Principal, given: OrderInput, *, now: datetime) -> OrderView:
    """Take an order down, as a draft or confirmed at once; where it cannot be confirmed nothing is kept.

    Raises:
        Problem: 404; 409 `retailer-merged`, `no-window`, those of `confirm`; 422 naming what is not sold.
    """
    retailer = await lock_live(conn, given.retailer_id)
    window = await find_window(conn, given.retailer_id, given.cycle_id, now=now)
    order = await _draft(conn, principal, given, window, now)
    if given.confirm:
        order = await _stand(conn, order, retailer, window, now)
    await queries.write(conn, [order])
    await _tell(conn, order)
    await note(conn, principal, "confirm" if given.confirm else "place", None, order)
    return order


async def _draft(
    conn: Connection, principal: Principal, given: OrderInput, window: CustomerWindow, now: datetime
) -> OrderView:
    place = Place(given.retailer_id, window.cycle_id, uuid7())
    priced = await price(conn, place, given.lines)
    return OrderView(
        **place._asdict(),
        store_id=window.supply_store_id,
        state="draft",
        stock="none",
        payment="none",
        prepaid=window.prepaid,
        accept_less=given.accept_less,
        note=given.note,
        currency=priced.currency,
        value_minor=worth(priced.lines, "ordered_sticks"),
        paid_minor=0,
        closes_at=window.closes_at,
        delivery_on=window.delivery_on,
        attempt=0,
        exceptions=[],
        refusal_code=None,
        closed_code=None,
        closed_reason=None,
        proof=None,
        placed_at=now,
        placed_by=principal.subject,
        confirmed_at=None,
        reserved_at=None,
        dispatched_at=None,
        delivered_at=None,
        closed_at=None,
        version=1,
        changed_at=now,
        lines=priced.lines,
    )


async def _stand(
    conn: Connection, order: OrderView, retailer: Document, window: CustomerWindow, now: datetime
) -> OrderView:
    """Check an order whose lines are of this moment, and let it stand.

    Raises:
        Problem: 409 `window-closed`, `customer-not-active`, `licence-not-valid`, `nothing-allowed`,
            `credit-exceeded`, `other-currency`.
    """
    check_window(window)
    check_licence(retailer, window, now)
    if not any(line.ordered_sticks for line in order.lines):
        raise Problem(409, "nothing-allowed", "The caps leave nothing of it.")
    await check_credit(conn, retailer, order)
    after = {
        "state": "confirmed",
        "stock": "asked",
        "payment": settled("due", order.paid_minor, order.value_minor),
        "prepaid": window.prepaid,
        "store_id": window.supply_store_id,
        "closes_at": window.closes_at,
        "delivery_on": window.delivery_on,
        "attempt": order.attempt + 1,
        "refusal_code": None,
        "confirmed_at": now,
    }
    return order.model_copy(update=after)


async def _tell(conn: Connection, order: OrderView) -> None:
    if order.state != "confirmed" or order.confirmed_at is None:
        return
    lines = [
        OrderedProduct(
            gtin=line.gtin,
            requested_sticks=line.requested_sticks,
            ordered_sticks=line.ordered_sticks,
            limits=[cut.limit for cut in line.cuts],
            multiple_sticks=line.multiple_sticks,
        )
        for line in order.lines
    ]
    told = OrderConfirmed(
        order_id=order.order_id,
        retailer_id=order.retailer_id,
        cycle_id=order.cycle_id,
        store_id=order.store_id,
        attempt=order.attempt,
        accept_less=order.accept_less,
        lines=lines,
        value_minor=order.value_minor,
        currency=order.currency,
        delivery_on=order.delivery_on,
        confirmed_at=order.confirmed_at,
    )
    await outbox.append(conn, [told])


async def change_order(
    conn: Connection,
    principal: Principal,
    wish: tuple[UUID, Wish],
    *,
    if_match: str | None,
    now: datetime,
) -> OrderView:
    """Change what is wanted, of a draft or an order that was refused.

    Raises:
        Problem: 404; 409 `order-state`; 412; 422 as for `place`.
    """
    order_id, given = wish
    before, _ = await lock_order(conn, order_id, "change", if_match)
    place = Place(before.retailer_id, before.cycle_id, order_id)
    priced = await price(conn, place, given.lines)
    update = {"state": "draft", "accept_less": given.accept_less, "note": given.note, **priced.update}
    after = next_version(before, update, now)
    await queries.forget_lines(conn, order_id)
    await queries.write(conn, [after])
    await note(conn, principal, "change", before, after)
    return after


async def confirm(
    conn: Connection, principal: Principal, order_id: UUID, *, if_match: str | None, now: datetime
) -> OrderView:
    """Let an order stand, by the caps and prices of this moment, and ask the warehouse for its stock.

    Raises:
        Problem: 404; 409 `order-state`, those of a window, licence, caps or credit; 412.
    """
    before, retailer = await lock_order(conn, order_id, "confirm", if_match)
    window = await find_window(conn, before.retailer_id, before.cycle_id, now=now)
    check_window(window)
    place = Place(before.retailer_id, before.cycle_id, order_id)
    priced = await price(conn, place, _wanted(before))
    fresh = next_version(before, priced.update, now)
    after = await _stand(conn, fresh, retailer, window, now)
    await queries.write(conn, [after])
    await _tell(conn, after)
    await note(conn, principal, "confirm", before, after)
    return after


def _wanted(order: OrderView) -> Sequence[LineInput]:
    return [
        LineInput(gtin=line.gtin, quantity=line.requested_sticks // line.multiple_sticks, unit=line.unit)
        for line in order.lines
    ]


async def cancel(
    conn: Connection, principal: Principal, order_id: UUID, reason: str, *, now: datetime
) -> OrderView:
    """Cancel an order that is not delivered; what is kept back for it is let go.

    Raises:
        Problem: 404; 409 `order-state`.
    """
    before, _ = await lock_order(conn, order_id, "cancel", None)
    after = await close(conn, before, ("cancelled-by-person", reason), now=now)
    await note(conn, principal, "cancel", before, after, reason)
    return after

"""Takes orders down, any number at a time: read together, checked one by one, written together."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement, lock_in_turn, write_together
from humidor_common.events.customers import OrderConfirmed, OrderedProduct
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.telemetry.traces import current_traceparent
from humidor_common.web import idempotency
from humidor_common.web.idempotency import Answer, Idempotent
from humidor_common.web.problems import Problem, not_found
from humidor_customers.cycles.schemas import CustomerWindow
from humidor_customers.orders import keeping, queries
from humidor_customers.orders.checking import (
    Around,
    Need,
    Priced,
    check_credit,
    check_licence,
    check_window,
    find_window,
    load_around,
    price,
    worth,
)
from humidor_customers.orders.rules import settled
from humidor_customers.orders.schemas import OrderInput, OrderView
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.seeing import check_seen
from humidor_customers.retailers.service import refuse_merged


class Asked(NamedTuple):
    """An order as somebody asks for it, in the trace of the request."""

    principal: Principal
    given: OrderInput
    traceparent: str | None = None

    @property
    def need(self) -> Need:
        given = self.given
        return Need(given.retailer_id, given.cycle_id, [line.gtin for line in given.lines])


def place_order(asked: Asked, around: Around | None, now: datetime) -> OrderView:
    """Make an order of what is wanted: cut to the caps, and standing where it is to be confirmed.

    Raises:
        Problem: 404; 409 `retailer-merged`, `no-window`, those of `stand`; 422 naming what is not sold.
    """
    given = asked.given
    if around is None:
        raise not_found("customer", given.retailer_id)
    refuse_merged(around.retailer)
    window = find_window(around.windows, given.cycle_id)
    order = _draft(asked, window, price(around, given.lines), now)
    return stand(order, around, window, now) if given.confirm else order


def _draft(asked: Asked, window: CustomerWindow, priced: Priced, now: datetime) -> OrderView:
    given = asked.given
    return OrderView(
        order_id=uuid7(),
        retailer_id=given.retailer_id,
        cycle_id=window.cycle_id,
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
        placed_by=asked.principal.subject,
        confirmed_at=None,
        reserved_at=None,
        dispatched_at=None,
        delivered_at=None,
        closed_at=None,
        version=1,
        changed_at=now,
        lines=priced.lines,
    )


def stand(order: OrderView, around: Around, window: CustomerWindow, now: datetime) -> OrderView:
    """Check an order whose lines are of this moment, and let it stand.

    Raises:
        Problem: 409 `window-closed`, `customer-not-active`, `licence-not-valid`, `nothing-allowed`,
            `credit-exceeded`, `other-currency`.
    """
    check_window(window)
    check_licence(around.retailer, window, now)
    if not any(line.ordered_sticks for line in order.lines):
        raise Problem(409, "nothing-allowed", "The caps leave nothing of it.")
    check_credit(around, order)
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


def told(order: OrderView) -> OrderConfirmed:
    """Make the event of an order that has just been confirmed."""
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
    return OrderConfirmed(
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
        confirmed_at=order.confirmed_at or order.placed_at,
    )


def writing(
    asked: Sequence[Asked], orders: Sequence[OrderView], documents: Sequence[Document]
) -> list[Statement]:
    """Make the statements that write new orders, tell those that stand, and note who placed them."""
    standing = [(ask, order) for ask, order in zip(asked, orders, strict=True) if order.state == "confirmed"]
    rows = [outbox.outbox_row(told(order), traceparent=ask.traceparent) for ask, order in standing]
    return [
        *queries.writing(documents),
        *([outbox.appending(rows), keeping.entering([order for _, order in standing])] if rows else []),
        keeping.noting(
            [
                keeping.Noted(
                    ask.principal,
                    "confirm" if order.state == "confirmed" else "place",
                    None,
                    order,
                    traceparent=ask.traceparent,
                )
                for ask, order in zip(asked, orders, strict=True)
            ]
        ),
    ]


async def place(conn: Connection, principal: Principal, given: OrderInput, *, now: datetime) -> OrderView:
    """Take one order down in the transaction of something else; where it cannot be nothing is kept.

    Raises:
        Problem: As `place_order`.
    """
    asked = Asked(principal, given, current_traceparent())
    await retailers.lock(conn, [given.retailer_id])
    around = await load_around(conn, [asked.need], now=now)
    order = place_order(asked, around.get(given.retailer_id), now)
    await write_together(conn, writing([asked], [order], [order.model_dump(mode="json")]))
    return order


class Posted(NamedTuple):
    """An order that came over HTTP, with the request's key."""

    asked: Asked
    idempotency: Idempotent


async def answer_all(
    conn: Connection, requests: Sequence[Posted], *, now: datetime
) -> list[Answer | Problem]:
    """Take down orders of different customers; one that is refused gets its problem and keeps nothing."""
    keys = [each.idempotency for each in requests]
    needs = [each.asked.need for each in requests]
    customers = retailers.locking([need.retailer_id for need in needs])
    await lock_in_turn(conn, [idempotency.locking(keys), customers])
    known = await idempotency.recall(conn, keys)
    around = await load_around(conn, needs, now=now)
    outcomes = [
        _outcome(each, first, around.get(each.asked.given.retailer_id), now)
        for each, first in zip(requests, known, strict=True)
    ]
    placed = [(each, o) for each, o in zip(requests, outcomes, strict=True) if isinstance(o, OrderView)]
    documents = {order.order_id: order.model_dump(mode="json") for _, order in placed}
    answers = [
        idempotency.answer(documents[each.order_id]) if isinstance(each, OrderView) else each
        for each in outcomes
    ]
    if placed:
        new = [
            (r.idempotency, a)
            for r, a in zip(requests, answers, strict=True)
            if isinstance(a, Answer) and not a.replayed
        ]
        asked, orders = [each.asked for each, _ in placed], [order for _, order in placed]
        statements = writing(asked, orders, list(documents.values()))
        await write_together(conn, [*statements, idempotency.keeping(new)])
    return answers


def _outcome(
    request: Posted, first: Answer | Problem | None, around: Around | None, now: datetime
) -> OrderView | Answer | Problem:
    asked = request.asked
    try:
        if asked.principal.stores is not None:
            if around is None:
                raise not_found("customer", asked.given.retailer_id)
            check_seen(asked.principal, around.retailer)
        return place_order(asked, around, now) if first is None else first
    except Problem as problem:
        return problem

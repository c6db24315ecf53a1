"""Changes, confirms and cancels orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.messaging import outbox
from humidor_customers.orders import queries
from humidor_customers.orders.checking import Around, Need, check_window, find_window, load_around, price
from humidor_customers.orders.keeping import close, entering, lock_order, next_version, note
from humidor_customers.orders.placing import stand, told
from humidor_customers.orders.schemas import LineInput, OrderView, Wish


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
    priced = price(await _around(conn, before, given.lines, now), given.lines)
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
    before, _ = await lock_order(conn, order_id, "confirm", if_match)
    lines = _wanted(before)
    around = await _around(conn, before, lines, now)
    window = find_window(around.windows, before.cycle_id)
    check_window(window)
    fresh = next_version(before, price(around, lines).update, now)
    after = stand(fresh, around, window, now)
    await queries.write(conn, [after])
    await outbox.append(conn, [told(after)])
    await statements.run(conn, entering([after]))
    await note(conn, principal, "confirm", before, after)
    return after


async def _around(conn: Connection, order: OrderView, lines: Sequence[LineInput], now: datetime) -> Around:
    """Read what a locked order is checked against."""
    need = Need(order.retailer_id, order.cycle_id, [line.gtin for line in lines])
    return (await load_around(conn, [need], now=now))[order.retailer_id]


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

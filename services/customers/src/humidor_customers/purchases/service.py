"""Keeps what customers bought, in whatever order tills and warehouses tell it."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import OrderDelivered
from humidor_common.events.pos import SaleRecorded, SaleReturned, SaleVoided
from humidor_customers.purchases import orders, queries
from humidor_customers.purchases.rules import lines_of


async def take(conn: Connection, events: Sequence[Event]) -> None:
    """Take sales, returns, voids and deliveries, each once; the same facts in any order give the same lines.

    A sale that was voided leaves no lines. A return counts when it was made; whose it is, its till says or
    the sale it belongs to. What an erased member bought stays, as nobody's.
    """
    sold = [each for each in events if isinstance(each, SaleRecorded | SaleReturned)]
    lines = [line for each in sold for line in lines_of(each)]
    delivered = [each for each in events if isinstance(each, OrderDelivered)]
    await queries.share(conn)
    if delivered:
        lines += await orders.read_lines(conn, delivered)
    if lines:
        await queries.add(conn, lines)
    await _settle(conn, events)


async def _settle(conn: Connection, events: Sequence[Event]) -> None:
    """Bring together sales of these events and what came of them, be it before or after."""
    returns = {
        (each.sale_id, each.return_id)
        for each in events
        if isinstance(each, SaleReturned) and each.sale_id and not each.member_id
    }
    voided = {each.sale_id for each in events if isinstance(each, SaleVoided) and each.sale_id}
    if returns:
        await queries.remember_returns(conn, returns)
    if voided:
        await queries.remember_voids(conn, voided)
    sales = {each.sale_id for each in events if isinstance(each, SaleRecorded)}
    if concerned := sales | voided | {each[0] for each in returns}:
        await queries.settle(conn, concerned)


async def tidy(pool: Pool) -> None:
    """Look again at what two batches may have passed each other by, and at what was not known yet."""
    async with transaction(pool) as conn:
        await queries.share(conn)
        if sales := await queries.unlooked(conn):
            await queries.settle(conn, sales)
    async with transaction(pool) as conn:
        await queries.share(conn)
        await queries.learn(conn)

"""Keeps what customers bought, in whatever order tills and warehouses tell it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import OrderDelivered
from humidor_common.events.pos import SaleRecorded, SaleReturned, SaleVoided
from humidor_customers.purchases import mending, orders, queries, settling
from humidor_customers.purchases.copying import encode
from humidor_customers.purchases.documents import Documents, of_returns, of_sales, together


class _Told(NamedTuple):
    """Events by what they tell."""

    sales: list[SaleRecorded]
    returns: list[SaleReturned]
    voids: list[SaleVoided]
    delivered: list[OrderDelivered]

    @classmethod
    def of(cls, events: Iterable[Event]) -> "_Told":
        """Sort events out; those of other kinds stay away."""
        kinds: dict[type[Event], list[Any]] = {}
        for each in events:
            kinds.setdefault(type(each), []).append(each)
        wanted = (SaleRecorded, SaleReturned, SaleVoided, OrderDelivered)
        return cls(*(kinds.get(kind, []) for kind in wanted))


async def take(conn: Connection, events: Sequence[Event]) -> None:
    """Take sales, returns, voids and deliveries, each once; the same facts in any order give the same lines.

    A sale that was voided leaves no lines. A return counts when it was made; whose it is, its till says or
    the sale it belongs to. What an erased member bought stays, as nobody's.
    """
    await queries.share(conn)
    await queries.plan_once(conn)
    told = _Told.of(events)
    documents = of_sales(told.sales)
    if told.returns or told.delivered:
        delivered = await orders.read_documents(conn, told.delivered)
        documents = together((documents, of_returns(told.returns), delivered))
    if documents.document_id:
        await _add(conn, documents)
    await _settle(conn, told)


async def _add(conn: Connection, documents: Documents) -> None:
    if members := documents.parties("consumer"):
        documents = documents.without(await queries.tell_members(conn, members))
    if retailers := documents.parties("retailer"):
        await queries.tell_retailers(conn, retailers)
    written = encode(documents, await queries.load_known(conn, documents))
    await queries.add(conn, written)
    await queries.tell_days(conn, written.days)


async def _settle(conn: Connection, told: _Told) -> None:
    """Bring together sales of these events and what came of them, be it before or after."""
    returns = {(each.sale_id, each.return_id) for each in told.returns if each.sale_id and not each.member_id}
    voided = {each.sale_id for each in told.voids if each.sale_id}
    if returns:
        await settling.remember_returns(conn, returns)
    if voided:
        await settling.remember_voids(conn, voided)
    sales = [each.sale_id for each in told.sales]
    if concerned := [*sales, *voided, *(each[0] for each in returns)]:
        await settling.settle(conn, concerned)


async def tidy(pool: Pool) -> None:
    """Look again at what two batches may have passed each other by, and at what is known otherwise by now."""
    async with transaction(pool) as conn:
        await queries.share(conn)
        if sales := await settling.unlooked(conn):
            await settling.settle(conn, sales)
    async with transaction(pool) as conn:
        if await mending.corrected(conn):
            await queries.own(conn)
            await mending.begin(conn)
    more = True
    while more:
        async with transaction(pool) as conn:
            await queries.share(conn)
            more = await mending.mend(conn)

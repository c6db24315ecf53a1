"""The one door to the timeline, and who may look at which part of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db import statements
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_common.web.inputs import visible_stores
from humidor_customers.consumers import queries as consumers
from humidor_customers.inputs import Party
from humidor_customers.timeline import queries
from humidor_customers.timeline.queries import Wanted
from humidor_customers.timeline.rules import Fact
from humidor_customers.timeline.schemas import EntryView


class Entry(NamedTuple):
    """Something that happened with a customer.

    `entry_id` is the id of the fact itself, so telling it again changes nothing. `kind` is a word such as
    `sale`; `details` are a small flat document of ids, figures and codes. The timeline is kept for ever,
    so nothing personal and no free text goes in; who may read that finds it by the ids.
    """

    party: Party
    entry_id: UUID
    kind: str
    happened_at: datetime
    details: dict[str, Any]
    store_id: str | None = None


async def add_entries(conn: Connection, entries: Sequence[Entry]) -> None:
    """Put entries on the timelines of their customers, in the transaction of the change.

    This is how every slice and consumer does it. An entry that is there already (customer, moment and id)
    stays as it is.
    """
    if entries:
        await statements.run(conn, adding(entries))


async def take_off(conn: Connection, entries: Sequence[Entry]) -> None:
    """Take entries off the timelines of their customers: what they tell was corrected."""
    if entries:
        await queries.take_off(conn, [(*each.party, each.happened_at, each.entry_id) for each in entries])


def adding(entries: Sequence[Entry]) -> Statement:
    """Make the statement of `add_entries`, for a use case that writes more with it."""
    return queries.adding(
        [
            (*each.party, each.happened_at, each.entry_id, each.kind, each.store_id, each.details)
            for each in entries
        ]
    )


async def take_sales(conn: Connection, facts: Sequence[Fact]) -> None:
    """Put sales, returns and voids on the timelines of their members, in whatever order they come.

    A return or void whose till did not name the member follows its sale, and waits for it where it is late.
    What a member bought whose data was erased is put nowhere, however late it comes.
    """
    forgotten = await consumers.forgotten(conn, {each.member_id for each in facts if each.member_id})
    facts = [each for each in facts if each.member_id not in forgotten]
    lost = [each for each in facts if each.member_id is None]
    await queries.lock_sales(conn, alone=bool(lost))
    await add_entries(conn, [_entry(each, each.member_id) for each in facts if each.member_id])
    sales = {each.entry_id: each.member_id for each in facts if each.kind == "sale" and each.member_id}
    if lost:
        owners = await queries.owners_of(conn, sorted({each.sale_id for each in lost if each.sale_id}))
        found = [(each, owners.get(each.sale_id)) for each in lost if each.sale_id]
        await add_entries(conn, [_entry(each, owner) for each, owner in found if owner])
        await queries.wait(conn, [each for each, owner in found if owner is None])
    if sales:
        waiting = await queries.take_waiting(conn, sorted(sales))
        await add_entries(conn, [_entry(each, sales[each.sale_id]) for each in waiting if each.sale_id])


def _entry(fact: Fact, member_id: str) -> Entry:
    party = Party("consumer", member_id)
    return Entry(party, fact.entry_id, fact.kind, fact.happened_at, fact.details, fact.store_id)


async def ids_of(conn: Connection, party: Party) -> list[str]:
    """Name the ids under which entries of a customer stand: a merged record keeps its own."""
    return await queries.parts_of(conn, party.id) if party.kind == "retailer" else [party.id]


async def read_timeline(
    conn: Connection, principal: Principal, party: Party, wanted: Wanted, *, limit: int
) -> list[EntryView]:
    """Read the newest entries of a customer that the caller has been allowed to see.

    Whoever is bound to stores sees what happened in these, and what happened in no store.
    """
    stores = visible_stores(principal, None)
    rows = await queries.newest(
        conn, party.kind, await ids_of(conn, party), wanted._replace(store_ids=stores), limit=limit
    )
    return [EntryView(**row) for row in rows]

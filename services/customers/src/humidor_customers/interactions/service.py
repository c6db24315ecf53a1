"""Notes down what happened with customers, and shows it to whom it concerns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import InteractionRecorded
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.channels.service import bind_handle
from humidor_customers.consumers.consents import allowed
from humidor_customers.inputs import CLOCKS_APART
from humidor_customers.interactions import queries
from humidor_customers.interactions.rules import Medium, Purpose, consent_channel, consumer_purpose
from humidor_customers.interactions.schemas import (
    Filters,
    InteractionInput,
    InteractionView,
    TextView,
)
from humidor_customers.parties import Party, PartyView, lock, narrow, seen
from humidor_customers.timeline.service import Entry, add_entries


async def record(
    conn: Connection, principal: Principal, given: InteractionInput, *, now: datetime
) -> InteractionView:
    """Note down what a person did or was told. It has happened, so a missing consent is noted, not refused.

    Raises:
        Problem: 404, 409, 422 for what cannot have happened.
    """
    party = given.customer.party
    await lock(conn, principal, party)
    if given.occurred_at > now + CLOCKS_APART:
        raise invalid("occurred_at", "is in the future; make a task of it")
    if party.kind == "consumer" and given.medium == "visit":
        raise invalid("medium", "consumers are not visited")
    missing = given.direction == "out" and not await consented(conn, party, given.medium, given.purpose)
    await check_reply(conn, party, given.reply_to)
    interaction_id = uuid7()
    await queries.write(
        conn,
        **given.model_dump(exclude={"customer", "subject", "text"}),
        **parts(party),
        interaction_id=interaction_id,
        state="recorded",
        recorded_at=now,
        recorded_by=principal.subject,
        without_consent=missing,
    )
    await queries.write_text(conn, interaction_id, (given.subject, given.text))
    view = await tell(conn, interaction_id)
    # The trail stays for ever: no free text, which may name somebody.
    after = view.model_dump(mode="json", exclude={"outcome"})
    await audit.record(conn, principal, "record", "interaction", str(interaction_id), after=after)
    return view


def parts(party: Party | None) -> dict[str, str | None]:
    return {"party_kind": party and party.kind, "party_id": party and party.id}


async def consented(conn: Connection, party: Party, medium: Medium, purpose: Purpose) -> bool:
    """Tell whether a customer may be turned to; trade customers are asked by contract, not by consent.

    Raises:
        Problem: 422 for a purpose that does not concern consumers.
    """
    if party.kind == "retailer":
        return True
    asked, channel = consumer_purpose(purpose), consent_channel(medium)
    if asked is None or channel is None:
        raise invalid("purpose", "consumers are turned to for service, survey, analysis or recall alone")
    return await allowed(conn, party.id, asked, channel)


async def tell(conn: Connection, interaction_id: UUID) -> InteractionView:
    """Put an interaction that has a customer on the timeline and tell others of it; gives how it is."""
    row = await queries.read(conn, interaction_id)
    if row["party_id"] is None:
        return view_of(row)
    facts = {name: row[name] for name in ("medium", "direction", "purpose")}
    party = Party(row["party_kind"], row["party_id"])
    details = facts | ({"without_consent": True} if row["without_consent"] else {})
    await add_entries(conn, [Entry(party, interaction_id, "interaction", row["occurred_at"], details)])
    told = InteractionRecorded(
        interaction_id=interaction_id,
        customer_kind=party.kind,
        customer_id=party.id,
        occurred_at=row["occurred_at"],
        **facts,
    )
    await outbox.append(conn, [told])
    return view_of(row)


async def assign(
    conn: Connection, principal: Principal, interaction_id: UUID, party: Party, *, now: datetime
) -> InteractionView:
    """Say whom a message that came in is from; where the channel knows no phone or mail, its name is bound.

    Raises:
        Problem: 404; 409 `interaction-assigned`.
    """
    principal.check_every_store()
    row = await queries.read(conn, interaction_id, lock=True)
    if row is None:
        raise not_found("interaction", interaction_id)
    if row["party_id"] is not None:
        raise Problem(409, "interaction-assigned", "It is known already whom this is from.")
    await lock(conn, principal, party)
    await conn.execute(
        "UPDATE interactions SET party_kind = $2, party_id = $3 WHERE interaction_id = $1",
        interaction_id,
        *party,
    )
    text = await queries.text_of(conn, interaction_id)
    if row["medium"] not in ("email", "sms") and text and text["address"]:
        await bind_handle(conn, row["account_id"], text["address"], party, now=now)
    view = await tell(conn, interaction_id)
    await audit.record(
        conn, principal, "assign", "interaction", str(interaction_id), after=dict(party._asdict())
    )
    return view


async def get_interaction(conn: Connection, principal: Principal, interaction_id: UUID) -> InteractionView:
    """Read one; what belongs to nobody yet is for callers of every store.

    Raises:
        Problem: 404, also for what belongs to others.
    """
    row = await queries.read(conn, interaction_id)
    if row is None:
        raise not_found("interaction", interaction_id)
    if row["party_id"] is None:
        principal.check_every_store()
    else:
        await seen(conn, principal, Party(row["party_kind"], row["party_id"]))
    return view_of(row)


async def read_text(conn: Connection, principal: Principal, interaction_id: UUID) -> TextView:
    """Read what was said; that somebody has read it stands in the trail."""
    await get_interaction(conn, principal, interaction_id)
    row = await queries.text_of(conn, interaction_id)
    await audit.record(conn, principal, "read", "interaction_text", str(interaction_id))
    return TextView(**row) if row else TextView(interaction_id=interaction_id)


async def page(
    conn: Connection, principal: Principal, filters: Filters, *, before: UUID, limit: int
) -> list[InteractionView]:
    """Read interactions, the newest first: of one customer, or for callers of every store of all."""
    party = await narrow(conn, principal, filters.customer_kind, filters.customer_id)
    equal = filters.model_dump(include={"medium", "direction"}, exclude_none=True)
    text, arguments = queries.page_statement(party, filters.unassigned, equal, before=before, limit=limit)
    return [view_of(row) for row in await conn.fetch(text, *arguments)]


async def check_reply(conn: Connection, party: Party, reply_to: UUID | None) -> None:
    """Refuse an answer to what was not said by or to this customer.

    Raises:
        Problem: 422.
    """
    if reply_to is None:
        return
    row = await queries.read(conn, reply_to)
    if row is None or (row["party_kind"], row["party_id"]) != party:
        raise invalid("reply_to", "is no interaction with this customer")


def view_of(row: Any) -> InteractionView:
    given = dict(row)
    if given["delivery_state"] in ("parked", "dropped"):
        given |= {"state": "failed", "reason": given["delivery_reason"]}
    customer = PartyView(kind=row["party_kind"], id=row["party_id"]) if row["party_id"] else None
    return InteractionView(**given, customer=customer)

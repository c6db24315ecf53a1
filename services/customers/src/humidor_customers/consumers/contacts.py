"""Keeps who members are, apart from everything else, so that it can be erased."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import MembershipEnded
from humidor_common.messaging import outbox
from humidor_customers.consumers import queries, service
from humidor_customers.consumers.schemas import ConsumerView, ContactInput, ContactView, NewConsumer


async def join(conn: Connection, principal: Principal, new: NewConsumer, *, now: datetime) -> ConsumerView:
    """Record a member, and apart who it is; the answer does not say who."""
    view = await service.join(conn, principal, new, now=now)
    if new.contact is None or not await _write(conn, view.member_id, new.contact):
        return view
    return view.model_copy(update={"has_contact": True})


async def read_contact(conn: Connection, principal: Principal, member_id: str) -> ContactView:
    """Read who a member is; that somebody has read it stands in the trail."""
    await service.seen(conn, principal, member_id)
    row = await conn.fetchrow("SELECT * FROM consumer_contacts WHERE member_id = $1", member_id)
    await audit.record(conn, principal, "read", "consumer_contact", member_id)
    if row is None:
        return ContactView(member_id=member_id, name=None, phone=None, email=None)
    return ContactView(**row)


async def put_contact(
    conn: Connection, principal: Principal, member_id: str, contact: ContactInput, *, now: datetime
) -> ConsumerView:
    """Say anew who a member is; what is empty is forgotten. The trail names the fields alone."""
    before = await service.lock_live(conn, principal, member_id)
    await _write(conn, member_id, contact)
    named = [name for name, value in contact.model_dump().items() if value is not None]
    reason = f"contact: {', '.join(named) or 'nothing'}"
    return await service.change(conn, principal, "change_contact", before, now=now, reason=reason)


async def erase(
    conn: Connection, principal: Principal, member_id: str, *, reason: str, now: datetime
) -> ConsumerView:
    """Write that a member's data was erased, and end the membership where it goes on.

    What there is to erase is erased by the holdings (`rights/holdings.py`). The id stays, as do the consents
    under it: they prove what was allowed. Erasing again changes nothing.
    """
    await queries.lock(conn, member_id)
    before = await service.seen(conn, principal, member_id)
    if before.ended_why == "erased":
        return before
    if before.ended_why is None:
        before = await service.end(conn, principal, before, "erased", reason=reason, now=now)
    else:
        await outbox.append(conn, [MembershipEnded(member_id=member_id, why="erased", ended_at=now)])
    return await service.change(
        conn, principal, "erase", before, now=now, reason=reason, card_number=None, ended_why="erased"
    )


async def _write(conn: Connection, member_id: str, contact: ContactInput) -> bool:
    values = tuple(contact.model_dump().values())
    if not any(values):
        await conn.execute("DELETE FROM consumer_contacts WHERE member_id = $1", member_id)
        return False
    await conn.execute(
        """INSERT INTO consumer_contacts (member_id, name, phone, email) VALUES ($1, $2, $3, $4)
           ON CONFLICT (member_id) DO UPDATE SET name = $2, phone = $3, email = $4""",
        member_id,
        *values,
    )
    return True

"""Takes requests of persons about their data, asks every service that has any, and closes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import make_key
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ContactRequestClosed, PrivacyRequestClosed
from humidor_common.events.persons import answering_services
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import visible_stores
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.consumers import queries as consumers
from humidor_customers.consumers import service as members
from humidor_customers.consumers.schemas import ConsumerView
from humidor_customers.contact_persons.schemas import ContactPerson
from humidor_customers.inputs import CLOCKS_APART
from humidor_customers.retailers.seeing import seen as seen_retailer
from humidor_customers.rights import ledger, own_part, queries
from humidor_customers.rights.rules import Kind, due_at
from humidor_customers.rights.schemas import Basis, IdentityCheck, NewRequest, Refusal, RequestView

KEY = "hmx"
RETENTION = Principal(subject="retention", kind="system")


async def seen(conn: Connection, principal: Principal, request_id: UUID) -> RequestView:
    """Read a request of a member of a store that is the caller's.

    Raises:
        Problem: 404, also for requests of others.
    """
    found = await queries.read(conn, request_id, visible_stores(principal, None))
    if found is None:
        raise not_found("privacy request", request_id)
    return found


async def open_request(
    conn: Connection, principal: Principal, new: NewRequest, *, now: datetime
) -> RequestView:
    """Take a request; it starts at once where it is clear that the person asks.

    Raises:
        Problem: 404 without such a member or trade customer; 409 `request-running` while another one runs;
            422.
    """
    if new.received_at is not None and new.received_at > now + CLOCKS_APART:
        raise invalid("received_at", "is in the future")
    if new.contact is not None:
        await seen_retailer(conn, principal, new.contact.retailer_id)
    elif new.member_id is not None:
        await consumers.lock(conn, new.member_id)
        await members.seen(conn, principal, new.member_id)
    received = new.received_at or now
    who = new.contact or new.member_id or ""
    request_id = await _receive(conn, principal, (new.kind, who, new.basis), received)
    if new.identity_check is None:
        return await seen(conn, principal, request_id)
    return await start_request(conn, principal, request_id, new.identity_check, now=now)


async def start_request(
    conn: Connection, principal: Principal, request_id: UUID, identity_check: IdentityCheck, *, now: datetime
) -> RequestView:
    """Do the own part and ask every other service for its own, in one transaction.

    Raises:
        Problem: 404; 409 `request-state` where it is not waiting, `request-running` while another one runs.
    """
    view = await seen(conn, principal, request_id)
    if view.member_id is not None:
        await consumers.lock(conn, view.member_id)
    await _in_state(conn, request_id, "received")
    services = await _concerned(conn, view)
    key = make_key(KEY, request_id.hex) if view.kind == "export" and len(services) > 1 else None
    await conn.execute(
        """UPDATE privacy_requests SET state = 'running', identity_check = $2, started_at = $3, fetch_key = $4
           WHERE request_id = $1""",
        request_id,
        identity_check,
        now,
        key,
    )
    await queries.note_asked(conn, request_id, services, now)
    await ledger.append(conn, request_id, "started", now, {"services": services})
    await _note(conn, principal, "start", request_id)
    running = await seen(conn, principal, request_id)
    if view.kind == "erasure":
        await own_part.erase_own(conn, principal, running, now=now)
    else:
        await own_part.export_own(conn, running, now=now)
    if len(services) > 1:
        await own_part.ask(conn, running, key, now=now)
    await close_if_done(conn, running, now=now)
    return await seen(conn, principal, request_id)


async def _concerned(conn: Connection, view: RequestView) -> list[str]:
    """Name the services that may have something: of contact persons this one alone, for no event names them.

    Raises:
        Problem: 409 `request-running`.
    """
    own = own_part.OWN.service
    if view.member_id is None:
        return [own]
    other = await queries.running_of(conn, view.member_id)
    if other is not None:
        raise Problem(409, "request-running", f"The request {other} of this member has to end first.")
    return [own, *(service for service in answering_services() if service != own)]


async def refuse_request(
    conn: Connection, principal: Principal, request_id: UUID, why: Refusal, *, now: datetime
) -> RequestView:
    """Refuse a request that has not started.

    Raises:
        Problem: 404; 409 `request-state`.
    """
    view = await seen(conn, principal, request_id)
    await _in_state(conn, request_id, "received")
    await conn.execute(
        """UPDATE privacy_requests SET state = 'refused', refused_why = $2, ended_at = $3, person = NULL
           WHERE request_id = $1""",
        request_id,
        why,
        now,
    )
    await ledger.append(conn, request_id, "refused", now, {"why": why})
    await _note(conn, principal, "refuse", request_id, reason=why)
    await _tell_closed(conn, view, "refused", now)
    return await seen(conn, principal, request_id)


async def ask_again(
    conn: Connection, principal: Principal, request_id: UUID, *, now: datetime
) -> RequestView:
    """Ask the services again: one whose answer got lost, or that had put the question aside.

    Raises:
        Problem: 404; 409 `request-state` unless it runs.
    """
    view = await seen(conn, principal, request_id)
    row = await _in_state(conn, request_id, "running")
    await own_part.ask(conn, view, row["fetch_key"], now=now)
    await _note(conn, principal, "ask_again", request_id)
    return view


async def erase_now(
    conn: Connection, principal: Principal, member_id: str, *, reason: str, now: datetime
) -> ConsumerView:
    """Erase a member everywhere, by a request that starts at once; erased already, nothing happens."""
    await consumers.lock(conn, member_id)
    before = await members.seen(conn, principal, member_id)
    if before.ended_why == "erased":
        return before
    request_id = await _receive(
        conn, principal, ("erasure", member_id, "erased_by_staff"), now, reason=reason
    )
    await start_request(conn, principal, request_id, "not_needed", now=now)
    return await members.seen(conn, principal, member_id)


async def erase_for_age(conn: Connection, member_ids: Sequence[str], *, now: datetime) -> int:
    """Open and start the erasure of members who left, as their time is over; gives how many.

    All of them are locked before the chain of proof is, as whoever erases a single one does it.
    """
    for member_id in sorted(member_ids):
        await consumers.lock(conn, member_id)
    erased = 0
    for member_id in sorted(member_ids):
        member = await consumers.read(conn, member_id)
        over = member is not None and member.ended_why not in {None, "erased"}
        if not over or await queries.running_of(conn, member_id):
            continue
        request_id = await _receive(conn, RETENTION, ("erasure", member_id, "retention"), now)
        await start_request(conn, RETENTION, request_id, "not_needed", now=now)
        erased += 1
    return erased


async def close_if_done(conn: Connection, view: RequestView, *, now: datetime) -> None:
    """Close a locked request that runs, once every service has answered; an export's key ends with it."""
    if not await queries.is_done(conn, view.request_id, view.kind):
        return
    changed = await conn.execute(
        """UPDATE privacy_requests SET state = 'completed', ended_at = $2, fetch_key = NULL, person = NULL
           WHERE request_id = $1 AND state = 'running'""",
        view.request_id,
        now,
    )
    if changed == "UPDATE 1":
        await ledger.append(conn, view.request_id, "completed", now)
        await _tell_closed(conn, view, "completed", now)


async def _receive(
    conn: Connection,
    principal: Principal,
    what: tuple[Kind, str | ContactPerson, Basis],
    received_at: datetime,
    *,
    reason: str | None = None,
) -> UUID:
    kind, who, basis = what
    person = who if isinstance(who, ContactPerson) else None
    whose = {"member_id": who} if person is None else {"retailer_id": person.retailer_id}
    view = RequestView(
        request_id=uuid7(),
        kind=kind,
        **dict.fromkeys(("member_id", "retailer_id")) | whose,
        person=person,
        state="received",
        basis=basis,
        identity_check=None,
        received_at=received_at,
        received_by=principal.subject,
        due_at=due_at(received_at),
        overdue=False,
        started_at=None,
        ended_at=None,
        refused_why=None,
        services=[],
    )
    await queries.insert(conn, view)
    facts = {"kind": kind, "basis": basis} | whose
    await ledger.append(conn, view.request_id, "received", received_at, facts)
    await _note(conn, principal, "receive", view.request_id, reason=reason)
    return view.request_id


async def _in_state(conn: Connection, request_id: UUID, state: str) -> dict[str, str | None]:
    row = await queries.lock(conn, request_id)
    if row["state"] != state:
        raise Problem(409, "request-state", f"The request is {row['state']}.")
    return dict(row)


async def _tell_closed(conn: Connection, view: RequestView, outcome: str, now: datetime) -> None:
    closed: dict[str, Any] = {
        "request_id": view.request_id,
        "kind": view.kind,
        "outcome": outcome,
        "closed_at": now,
    }
    if view.member_id is None:
        await outbox.append(conn, [ContactRequestClosed(retailer_id=view.retailer_id or "", **closed)])
    else:
        await outbox.append(conn, [PrivacyRequestClosed(member_id=view.member_id, **closed)])


async def _note(
    conn: Connection, principal: Principal, action: str, request_id: UUID, *, reason: str | None = None
) -> None:
    await audit.record(conn, principal, action, "privacy_request", str(request_id), reason=reason)

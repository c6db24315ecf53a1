"""What `customers` does about its own data of a member, and how it asks the others."""

import hashlib
from datetime import datetime

import msgspec

from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import hash_key
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ErasureRequested, ExportRequested
from humidor_common.messaging import outbox
from humidor_common.privacy import Privacy
from humidor_common.privacy.holdings import erase, gather
from humidor_customers.consumers import contacts
from humidor_customers.contact_persons import erasing as contact_persons
from humidor_customers.contact_persons.schemas import ContactPerson
from humidor_customers.rights import ledger, queries
from humidor_customers.rights.holdings import HOLDINGS
from humidor_customers.rights.schemas import RequestView

OWN = Privacy("customers", HOLDINGS)


async def erase_own(conn: Connection, principal: Principal, view: RequestView, *, now: datetime) -> None:
    reason = f"privacy request {view.request_id}"
    if view.member_id is not None:
        parts = (await erase(conn, OWN.holdings, [view.member_id]))[view.member_id]
        await contacts.erase(conn, principal, view.member_id, reason=reason, now=now)
    else:
        parts = await contact_persons.erase(conn, principal, _person(view), reason=reason, now=now)
    await queries.note_answer(conn, view.request_id, OWN.service, {"parts": parts}, now=now)
    facts = {"service": OWN.service, "parts": parts}
    await ledger.append(conn, view.request_id, "erased", now, facts)


async def export_own(conn: Connection, view: RequestView, *, now: datetime) -> None:
    if view.member_id is not None:
        document = await gather(conn, OWN, view.member_id, now=now)
    else:
        found = await contact_persons.disclose(conn, _person(view))
        document = msgspec.json.encode({"service": OWN.service, "gathered_at": now} | found)
    answer = {"sha256": hashlib.sha256(document).hexdigest(), "size_bytes": len(document)}
    await queries.note_answer(conn, view.request_id, OWN.service, answer, now=now)
    await queries.note_document(conn, view.request_id, OWN.service, document, now)
    await ledger.append(conn, view.request_id, "gathered", now, {"service": OWN.service} | answer)


async def ask(conn: Connection, view: RequestView, key: str | None, *, now: datetime) -> None:
    """Tell every service of a request that runs; of the key of an export only the hash."""
    event: ErasureRequested | ExportRequested
    if view.member_id is None:
        return
    if key is None:
        event = ErasureRequested(
            request_id=view.request_id, member_id=view.member_id, requested_at=now, due_at=view.due_at
        )
    else:
        event = ExportRequested(
            request_id=view.request_id,
            member_id=view.member_id,
            key_hash=hash_key(key).hex(),
            requested_at=now,
            due_at=view.due_at,
        )
    await conn.execute(
        "UPDATE privacy_requests SET asked_at = $2 WHERE request_id = $1", view.request_id, now
    )
    await outbox.append(conn, [event])


def _person(view: RequestView) -> ContactPerson:
    if view.person is None:
        raise TypeError(f"the request {view.request_id} has ended")
    return view.person

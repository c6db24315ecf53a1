"""Takes what services answer to requests of persons about their data."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.persons import ErasedPart, PersonErased, PersonExported, answers, owner_of
from humidor_common.messaging.subscription import Received, Subscription
from humidor_common.telemetry.logs import get_logger
from humidor_customers.rights import ledger, queries
from humidor_customers.rights.rules import add_parts
from humidor_customers.rights.service import close_if_done

log = get_logger(__name__)


async def on_answers(conn: Connection, batch: Sequence[Received]) -> None:
    now = utc_now()
    events = [each.event for each in batch if isinstance(each.event, PersonErased | PersonExported)]
    known = await queries.lock_all(conn, {event.request_id for event in events})
    for event in events:
        if event.request_id not in known:
            log.warning("an answer to no request", extra={"request_id": event.request_id, "type": event.TYPE})
        elif isinstance(event, PersonErased):
            await _take_erased(conn, event, now)
        else:
            await _take_exported(conn, event, now)


async def _take_erased(conn: Connection, event: PersonErased, now: datetime) -> None:
    """Count a first answer; a later one only where something had come in late and went too."""
    service = owner_of(type(event))
    await queries.note_asked(conn, event.request_id, [service], now)
    known = await queries.answer_of(conn, event.request_id, service)
    late = known["answered_at"] is not None
    if late and not any(part.rows for part in event.parts):
        return
    before = msgspec.convert((known["answer"] or {}).get("parts", []), list[ErasedPart])
    answer = {"parts": add_parts(before, event.parts)}
    await queries.note_answer(conn, event.request_id, service, answer, now=now)
    what = "erased_late" if late else "erased"
    facts = {"service": service, "parts": event.parts}
    await ledger.append(conn, event.request_id, what, event.erased_at, facts)
    await _close(conn, event, now)


async def _take_exported(conn: Connection, event: PersonExported, now: datetime) -> None:
    """Note where a part is to be fetched; what was fetched stays, and what has ended needs nothing."""
    service = owner_of(type(event))
    known = await queries.answer_of(conn, event.request_id, service)
    if known is None or known["fetched_at"] is not None:
        return
    answer = {
        "reference": event.reference,
        "sha256": event.sha256,
        "size_bytes": event.size_bytes,
        "expires_at": event.expires_at,
    }
    await queries.note_answer(conn, event.request_id, service, answer, now=now, fetch=True)


async def _close(conn: Connection, event: PersonErased, now: datetime) -> None:
    view = await queries.read(conn, event.request_id, None)
    if view is not None:
        await close_if_done(conn, view, now=now)


def _topics() -> tuple[str, ...]:
    return tuple(sorted({event.TOPIC for event in answers()}))


SUBSCRIPTION = Subscription("customers.rights", _topics(), on_answers, max_batch=50)

"""Answers requests about a person: erases or gathers in one transaction with the inbox, and tells it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ErasureRequested, ExportRequested
from humidor_common.events.persons import ErasedPart, PersonErased, PersonExported
from humidor_common.messaging import outbox
from humidor_common.messaging.subscription import Received, Subscription
from humidor_common.privacy.holdings import Privacy, erase, gather

KEEP_GATHERED = timedelta(days=3)
LATE_MEMBERS = 500

_REMEMBER = """
INSERT INTO erased_persons (member_id, request_id, erased_at)
SELECT *, $3::timestamptz FROM unnest($1::text[], $2::uuid[]) ORDER BY 1
ON CONFLICT (member_id) DO UPDATE SET request_id = excluded.request_id, erased_at = excluded.erased_at
"""
_KEEP = """
INSERT INTO person_exports (request_id, member_id, key_hash, document, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (request_id) DO UPDATE SET document = excluded.document, expires_at = excluded.expires_at
"""


def subscribe(privacy: Privacy) -> Subscription:
    """Make the subscription of a service that declares both answers."""

    async def on_requests(conn: Connection, batch: Sequence[Received]) -> None:
        now = utc_now()
        erasures = [each.event for each in batch if isinstance(each.event, ErasureRequested)]
        exports = [each.event for each in batch if isinstance(each.event, ExportRequested)]
        # In this order: what is to be erased is not handed out any more.
        if erasures:
            await _erase(conn, privacy, erasures, now)
        for request in exports:
            await _export(conn, privacy, request, now)

    return Subscription(f"{privacy.service}.persons", (ErasureRequested.TOPIC,), on_requests, max_batch=50)


async def _erase(
    conn: Connection, privacy: Privacy, requests: Sequence[ErasureRequested], now: datetime
) -> None:
    latest = {each.member_id: each.request_id for each in requests}
    await conn.execute(_REMEMBER, list(latest), list(latest.values()), now)
    await conn.execute("DELETE FROM person_exports WHERE member_id = ANY($1::text[])", list(latest))
    parts = await erase(conn, privacy.holdings, list(latest))
    asked = [(each.request_id, each.member_id) for each in requests]
    await outbox.append(conn, [_erased(privacy, each, parts[each[1]], now) for each in asked])


def _erased(
    privacy: Privacy, request: tuple[UUID, str], parts: list[ErasedPart], now: datetime
) -> PersonErased:
    if privacy.erased is None:
        raise TypeError(f"{privacy.service} has no event to answer with")
    return privacy.erased(request_id=request[0], member_id=request[1], parts=parts, erased_at=now)


async def _export(conn: Connection, privacy: Privacy, request: ExportRequested, now: datetime) -> None:
    document = await gather(conn, privacy, request.member_id, now=now)
    expires_at = now + KEEP_GATHERED
    key_hash = bytes.fromhex(request.key_hash)
    await conn.execute(_KEEP, request.request_id, request.member_id, key_hash, document, expires_at)
    if privacy.exported is None:
        raise TypeError(f"{privacy.service} has no event to answer with")
    told: PersonExported = privacy.exported(
        request_id=request.request_id,
        member_id=request.member_id,
        reference=f"/v1/person-exports/{request.request_id}",
        sha256=hashlib.sha256(document).hexdigest(),
        size_bytes=len(document),
        expires_at=expires_at,
    )
    await outbox.append(conn, [told])


async def erase_late(
    conn: Connection, privacy: Privacy, *, after: tuple[datetime, str], now: datetime
) -> tuple[datetime, str] | None:
    """Erase again what has come in about members erased after a moment, and tell what there was.

    A till that was offline sends its sales when it can, and they name whoever was a member then.

    Args:
        conn: Of this transaction.
        privacy: What the service holds.
        after: The moment with "", then where the piece before ended.
        now: For what is told.

    Returns:
        Where this piece of at most 500 members ended; None where no more are left.
    """
    rows = await conn.fetch(
        """SELECT member_id, request_id, erased_at FROM erased_persons
           WHERE (erased_at, member_id) > ($1, $2) ORDER BY erased_at, member_id LIMIT $3""",
        *after,
        LATE_MEMBERS,
    )
    if not rows:
        return None
    parts = await erase(conn, privacy.holdings, [row["member_id"] for row in rows])
    found = [(row["request_id"], row["member_id"]) for row in rows if _any(parts[row["member_id"]])]
    await outbox.append(conn, [_erased(privacy, each, parts[each[1]], now) for each in found])
    return (rows[-1]["erased_at"], rows[-1]["member_id"]) if len(rows) == LATE_MEMBERS else None


def _any(parts: Sequence[ErasedPart]) -> bool:
    return any(part.rows for part in parts)


async def forget_gathered(conn: Connection, *, now: datetime) -> None:
    """Forget what was gathered and never fetched."""
    await conn.execute("DELETE FROM person_exports WHERE expires_at < $1", now)

"""How long `customers` keeps personal data, by purpose, and what its worker keeps doing about requests."""

from dataclasses import replace
from datetime import datetime, timedelta

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.privacy import Purpose
from humidor_common.telemetry.logs import get_logger
from humidor_customers.rights import own_part, queries, service
from humidor_customers.rights.holdings import count_exports, forget_exports

LOOK_SECONDS = 600
ASK_AGAIN_AFTER = timedelta(days=1)

_ENDED = """
FROM consumers c WHERE c.ended_why IN ('left', 'not_an_adult') AND c.ended_at < $1
AND NOT EXISTS (SELECT FROM privacy_requests r WHERE r.member_id = c.member_id AND r.state = 'running')
"""

log = get_logger(__name__)


async def _count_ended(conn: Connection, before: datetime) -> int:
    found: int = await conn.fetchval(f"SELECT count(*) {_ENDED}", before)
    return found


async def _erase_ended(conn: Connection, before: datetime, limit: int) -> int:
    rows = await conn.fetch(f"SELECT c.member_id {_ENDED} ORDER BY c.ended_at LIMIT $2", before, limit)
    return await service.erase_for_age(conn, [row[0] for row in rows], now=utc_now())


PURPOSES = (
    Purpose(
        "ended_memberships",
        "who a member was, from the end of the membership; then erased everywhere, with a proof of its own",
        _count_ended,
        _erase_ended,
        piece_rows=50,
    ),
    Purpose(
        "exports",
        "what was gathered for an export, from when it was gathered; then deleted",
        count_exports,
        forget_exports,
        default_keep_days=30,
    ),
)
PRIVACY = replace(own_part.OWN, purposes=PURPOSES)


async def keep_asking(pool: Pool) -> None:
    """Ask services again that have not answered for a day, until cancelled."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            await ask_unanswered(conn, now=utc_now())
        return False

    await keep(look, "nobody asked again", every_seconds=LOOK_SECONDS)


async def ask_unanswered(conn: Connection, *, now: datetime) -> int:
    """Ask again about requests that have run for a day without every answer; gives how many.

    A request that is not closed in time shows as a warning, once a day.
    """
    rows = await conn.fetch(
        """SELECT request_id, fetch_key, due_at FROM privacy_requests
           WHERE state = 'running' AND asked_at < $1 ORDER BY request_id FOR UPDATE SKIP LOCKED""",
        now - ASK_AGAIN_AFTER,
    )
    for row in rows:
        if row["due_at"] < now:
            log.warning("a privacy request is overdue", extra={"request_id": row["request_id"]})
        view = await queries.read(conn, row["request_id"], None)
        if view is not None:
            await own_part.ask(conn, view, row["fetch_key"], now=now)
    return len(rows)

"""The inbox: which events a consumer has applied, written in the transaction of their effects."""

from collections.abc import Sequence
from io import BytesIO
from uuid import UUID

import asyncpg

from humidor_common.db.copying import text, whole
from humidor_common.db.pool import Connection
from humidor_common.messaging.subscription import Received, Subscription

KEEP_DAYS = 90
PRUNE_ROWS = 10_000
COPY_FROM = 200
"""From so many events on, the two round trips of a savepoint cost less than they save."""
_FIELDS, _UUID = (2).to_bytes(2, "big"), (16).to_bytes(4, "big")


async def admit(conn: Connection, group: str, batch: Sequence[Received]) -> list[Received]:
    """Record the batch and give back, in order, only the events that this consumer has not seen.

    Repeats inside the batch are dropped before the statement: joined back to a repeated event, its lines
    would count twice. The ids go in sorted, so that two consumers with the same events never deadlock. As
    `share_projection` it waits for a rebuild under way; what that one has admitted is seen then.
    """
    unique = {received.event_id.int: received for received in batch}
    numbers = sorted(unique)
    if len(unique) >= COPY_FROM and await _all_new(conn, group, numbers):
        return list(unique.values())
    rows = await conn.fetch(
        """
        INSERT INTO inbox (consumer, event_id)
        SELECT $1, unnest($2::uuid[])
          FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0)) OFFSET 0) AS held
        ON CONFLICT DO NOTHING RETURNING event_id
        """,
        group,
        [unique[number].event_id for number in numbers],
    )
    if len(rows) == len(unique):
        return list(unique.values())
    new: set[UUID] = {row["event_id"] for row in rows}
    return [received for received in unique.values() if received.event_id in new]


async def _all_new(conn: Connection, group: str, numbers: Sequence[int]) -> bool:
    """Record a large batch by COPY, at half of what looking for repeats costs; nothing if there are any.

    Its ids come as numbers, of which less is to be made than of ids.
    """
    await share_projection(conn, group)
    head = _FIELDS + text(group) + _UUID
    records = whole((head, head.join([each.to_bytes(16, "big") for each in numbers])))
    try:
        async with conn.transaction():
            await conn.copy_to_table(
                "inbox", source=BytesIO(records), columns=["consumer", "event_id"], format="binary"
            )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def share_projection(conn: Connection, group: str) -> None:
    """Hold off while the projection of this group is being rebuilt."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", group)


async def own_projection(conn: Connection, group: str) -> None:
    """Keep every consumer of the group waiting until this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", group)


async def apply_batch(conn: Connection, subscription: Subscription, batch: Sequence[Received]) -> int:
    """Apply what is new of `batch` in this transaction; gives the number of new events."""
    if subscription.take is not None and 0 < len(batch) < COPY_FROM:
        unique = {received.event_id: received for received in batch}
        return await subscription.take(conn, list(unique.values()))
    return await admit_and_apply(conn, subscription, batch)


async def admit_and_apply(conn: Connection, subscription: Subscription, batch: Sequence[Received]) -> int:
    """Apply what is new of a batch of any size, in two steps."""
    new = await admit(conn, subscription.group, batch)
    if new:
        await subscription.apply(conn, new)
    return len(new)


async def prune(conn: Connection) -> bool:
    """Forget some ids far older than any redelivery; gives whether more may be left.

    In pieces, because an hour's worth of a busy service in one statement would outlast its transaction and
    then never succeed again.
    """
    done = await conn.execute(
        "DELETE FROM inbox WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM inbox WHERE processed_at < now() - make_interval(days => $1) LIMIT $2))",
        KEEP_DAYS,
        PRUNE_ROWS,
    )
    return done == f"DELETE {PRUNE_ROWS}"

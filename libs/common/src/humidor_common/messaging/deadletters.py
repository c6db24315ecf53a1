"""Events that could not be applied: kept with their reason, told on a topic, retried by an operator."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received, Subscription, decode
from humidor_common.messaging.topics import dead_letter_topic

RELAY = "relay"


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A record from Kafka that was given up, and why."""

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: dict[str, str]
    value: bytes | None
    event_id: UUID | None
    reason: str


class DeadLetter(msgspec.Struct, kw_only=True):
    """A dead letter as an operator sees it."""

    dead_letter_id: UUID
    consumer: str
    topic: str
    partition: int
    kafka_offset: int
    key: str | None
    type: str | None
    headers: dict[str, str]
    reason: str
    traceparent: str | None
    attempts: int
    state: str
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_reason: str | None
    payload: bytes | None = None


_COLUMNS = ", ".join(name for name in DeadLetter.__struct_fields__ if name != "payload")


async def record(conn: Connection, group: str, failures: Sequence[Failed]) -> None:
    """Store dead letters and put them on their topics through the outbox, all in this transaction."""
    for failed in failures:
        await keep(conn, group, failed)
        await _tell(conn, group, failed)


async def keep(conn: Connection, group: str, failed: Failed) -> None:
    """Store one dead letter; it is there once, however often it fails while open."""
    await conn.execute(
        """
        INSERT INTO dead_letters (dead_letter_id, consumer, topic, partition, kafka_offset, key, type,
                                  event_id, headers, payload, reason, traceparent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (consumer, topic, partition, kafka_offset) WHERE state = 'open' DO NOTHING
        """,
        uuid7(),
        group,
        failed.topic,
        failed.partition,
        failed.offset,
        failed.key,
        failed.headers.get("ce_type"),
        failed.event_id,
        failed.headers,
        failed.value,
        failed.reason,
        failed.headers.get("ce_traceparent"),
    )


async def _tell(conn: Connection, group: str, failed: Failed) -> None:
    await conn.execute(
        """
        INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload, headers)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        failed.event_id or uuid7(),
        failed.headers.get("ce_type", "unknown"),
        dead_letter_topic(failed.topic, group),
        failed.key or "",
        f"{failed.topic}/{failed.partition}/{failed.offset}",
        utc_now(),
        failed.headers.get("ce_traceparent"),
        failed.value or b"",
        {"humidor_reason": failed.reason[:2000], "humidor_consumer": group},
    )


async def list_page(conn: Connection, *, state: str, after: UUID | None, limit: int) -> list[DeadLetter]:
    """List dead letters in `state`, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM dead_letters
         WHERE state = $1 AND ($2::uuid IS NULL OR dead_letter_id > $2)
         ORDER BY dead_letter_id LIMIT $3
        """,  # noqa: S608 - the columns are ours
        state,
        after,
        limit,
    )
    return [DeadLetter(**row) for row in rows]


async def find(conn: Connection, dead_letter_id: UUID, *, lock: bool = False) -> DeadLetter | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS}, payload FROM dead_letters WHERE dead_letter_id = $1"  # noqa: S608
        + (" FOR UPDATE" if lock else ""),
        dead_letter_id,
    )
    return DeadLetter(**row) if row else None


async def count_open(conn: Connection) -> int:
    count: int = await conn.fetchval("SELECT count(*) FROM dead_letters WHERE state = 'open'")
    return count


async def unapplied_ids(conn: Connection, group: str) -> set[UUID]:
    """Name the events of this consumer that an operator has not retried with success."""
    rows = await conn.fetch(
        "SELECT event_id FROM dead_letters "
        "WHERE consumer = $1 AND state IN ('open', 'dropped') AND event_id IS NOT NULL",
        group,
    )
    return {row["event_id"] for row in rows}


async def retried_ids(conn: Connection, group: str) -> list[UUID]:
    """Name the events of this consumer that were applied by a retry, in the order of the retries."""
    rows = await conn.fetch(
        "SELECT event_id FROM dead_letters WHERE consumer = $1 AND state = 'retried' AND event_id IS NOT NULL"
        " GROUP BY event_id ORDER BY max(settled_at)",
        group,
    )
    return [row["event_id"] for row in rows]


async def apply_again(conn: Connection, letter: DeadLetter, subscription: Subscription) -> None:
    """Decode and apply the dead letter in this transaction; raises what the subscription raises.

    What could not be read when it came has no row in the inbox yet: it gets one, so that no redelivery counts
    it again.
    """
    received: Received = decode(letter.headers, letter.payload)
    await inbox.share_projection(conn, subscription.group)
    await inbox.admit(conn, subscription.group, [received])
    await subscription.apply(conn, [received])


async def publish_again(conn: Connection, letter: DeadLetter) -> None:
    """Put an event that the relay could not publish back into the outbox."""
    await conn.execute(
        """
        INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
        SELECT event_id, type, topic, key, $2, $3, traceparent, payload
          FROM dead_letters WHERE dead_letter_id = $1
        """,
        letter.dead_letter_id,
        letter.headers["ce_subject"],
        datetime.fromisoformat(letter.headers["ce_time"]),
    )


async def note_attempt(conn: Connection, dead_letter_id: UUID, reason: str) -> None:
    await conn.execute(
        "UPDATE dead_letters SET attempts = attempts + 1, reason = $2 WHERE dead_letter_id = $1",
        dead_letter_id,
        reason,
    )


async def settle(conn: Connection, dead_letter_id: UUID, state: str, by: str, reason: str | None) -> None:
    """Close a dead letter as `retried` or `dropped`."""
    await conn.execute(
        """
        UPDATE dead_letters SET state = $2, settled_at = now(), settled_by = $3, settled_reason = $4
         WHERE dead_letter_id = $1
        """,
        dead_letter_id,
        state,
        by,
        reason,
    )


def printable(letter: DeadLetter) -> dict[str, Any]:
    """Give the dead letter as JSON-ready data, its payload as text where it is text."""
    document: dict[str, Any] = msgspec.to_builtins(letter)
    document["payload"] = letter.payload.decode(errors="replace") if letter.payload is not None else None
    return document

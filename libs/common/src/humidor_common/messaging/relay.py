"""The relay: publishes outbox rows to Kafka in the order of their ids, one active relay per database."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import TRANSACTION_TIMEOUT_SECONDS, Connection, Pool, prepare_connection
from humidor_common.events.base import source_of
from humidor_common.messaging import deadletters, reading_on
from humidor_common.messaging.deadletters import RELAY
from humidor_common.messaging.kafka import make_producer, outlive, stop
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.metrics import RELAY_ACTIVE, RELAYED_EVENTS

LOCK = 4_855_443_112
CHANNEL = "outbox"
BATCH_ROWS = 1000
POLL_SECONDS = 0.25
# Each batch costs a statement, a request to the broker and a batch of every consumer.
PACE_SECONDS = 0.01
# Under load the relay waits for rows in the server, which sees them a moment after their commit, and needs a
# notification only where it has fallen asleep.
AWAKE_SECONDS = 0.1
AWAIT_ROWS_SECONDS = AWAKE_SECONDS / 2
NOTIFY_AT_MOST_EVERY_SECONDS = AWAKE_SECONDS / 2
TURN_SECONDS = 1.0
STAND_IN_SECONDS = 60.0
LONGEST_BATCH_SECONDS = 90.0
FLOOR_LAG_SECONDS = 2 * TRANSACTION_TIMEOUT_SECONDS
LOOK_AT_ALL_SECONDS = 60

log = get_logger(__name__)


class Relay:
    """Stands by until it holds the database's relay lock, then publishes until its connection breaks.

    `wake` is called after a commit that wrote to the outbox: it wakes this process's relay directly, or
    the active one elsewhere through a throttled notification outside of any business transaction.

    Args:
        settings: Of the process.
        pool: Where notifications are sent from.
        stands_in: For a process that has better things to do (it answers terminals): it relays only when
            nobody else has for `relay_patience_seconds`, and after a minute lets another one take over.
    """

    def __init__(self, settings: ServiceSettings, pool: Pool, *, stands_in: bool = False) -> None:
        self._settings = settings
        self._pool = pool
        self._patience_turns = round(settings.relay_patience_seconds / TURN_SECONDS) if stands_in else 0
        self._woken = asyncio.Event()
        self._active = False
        self._unsaid = False
        self._notifying: asyncio.Task[None] | None = None
        self._floor = 0
        self._done: list[int] = []
        self._published: deque[tuple[float, int]] = deque()
        self._looked_at_all = 0.0

    @property
    def active(self) -> bool:
        return self._active

    def wake(self) -> None:
        """Say that rows were committed; never blocks and never fails."""
        if self._active:
            self._woken.set()
            return
        self._unsaid = True
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify())

    async def run(self) -> None:
        """Relay until cancelled; a lost database or broker is waited for."""
        await outlive(self._hold_and_publish, "relay", lost=DATABASE_ERRORS)

    async def _notify(self) -> None:
        while self._unsaid:
            self._unsaid = False
            with suppress(*DATABASE_ERRORS):
                async with self._pool.acquire() as conn:
                    await conn.execute(f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}; COMMIT")
            await asyncio.sleep(NOTIFY_AT_MOST_EVERY_SECONDS)

    async def _hold_and_publish(self) -> None:
        conn = await asyncpg.connect(
            self._settings.pg_dsn, command_timeout=30, server_settings={"application_name": "relay"}
        )
        producer: AIOKafkaProducer | None = None
        try:
            await prepare_connection(conn)
            # Rows that come back after a crash of the server are published twice, which costs nothing.
            await conn.execute("SET enable_seqscan = off; SET synchronous_commit = off")
            await reading_on.prepare(conn)
            await self._wait_turn(conn)
            await conn.add_listener(CHANNEL, lambda *_: self._woken.set())
            producer = make_producer(self._settings)
            await producer.start()
            self._become(active=True)
            await self._publish(conn, producer)
        finally:
            self._become(active=False)
            try:
                if producer is not None:
                    await stop(producer)
            finally:
                conn.terminate()

    async def _wait_turn(self, conn: Connection) -> None:
        turns_free = 0
        while True:
            if await conn.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                if turns_free >= self._patience_turns:
                    return
                turns_free += 1
                await conn.execute("SELECT pg_advisory_unlock($1)", LOCK)
            else:
                turns_free = 0
            await asyncio.sleep(TURN_SECONDS)

    def _become(self, *, active: bool) -> None:
        self._active = active
        RELAY_ACTIVE.set(active)

    async def _publish(self, conn: Connection, producer: AIOKafkaProducer) -> None:
        self._floor = 0
        self._done.clear()
        self._published.clear()
        try:
            await self._publish_on(conn, producer)
        finally:
            with suppress(*DATABASE_ERRORS):
                await conn.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", self._done)

    async def _publish_on(self, conn: Connection, producer: AIOKafkaProducer) -> None:
        until = time.monotonic() + STAND_IN_SECONDS
        awake_until = 0.0
        while not self._patience_turns or time.monotonic() < until:
            if self._woken.is_set():
                awake_until = time.monotonic() + AWAKE_SECONDS
            self._woken.clear()
            wait = AWAIT_ROWS_SECONDS if time.monotonic() < awake_until else 0.0
            async with asyncio.timeout(LONGEST_BATCH_SECONDS):
                self._look_at_all_now_and_then()
                rows = await reading_on.read_on(
                    conn, self._done, above=self._floor, most=BATCH_ROWS, wait_seconds=wait
                )
                self._done.clear()
                began = time.monotonic()
                await self._publish_rows(conn, producer, rows)
            if rows and len(rows) < BATCH_ROWS:
                await asyncio.sleep(rest_seconds(time.monotonic() - began))
            elif not rows and time.monotonic() >= awake_until:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _publish_rows(
        self, conn: Connection, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]
    ) -> None:
        sends = [sent for row in rows if (sent := await self._send(conn, producer, row))]
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        for failure in (outcome for outcome in outcomes if isinstance(outcome, BaseException)):
            raise failure
        self._done = [row["id"] for row in rows]
        RELAYED_EVENTS.inc(len(rows))
        if rows:
            self._raise_floor(rows[-1]["id"])

    async def _send(
        self, conn: Connection, producer: AIOKafkaProducer, row: asyncpg.Record
    ) -> "asyncio.Future[Any] | None":
        topic = self._settings.topic_prefix + row["topic"]
        try:
            sent: asyncio.Future[Any] = await producer.send(
                topic, value=row["payload"], key=row["key"].encode(), headers=cloud_event_headers(row)
            )
        except MessageSizeTooLargeError as error:
            await self._set_aside(conn, row, f"too large for the broker: {error}")
            return None
        return sent

    async def _set_aside(self, conn: Connection, row: asyncpg.Record, reason: str) -> None:
        """Keep what can never be published as a dead letter, so that it does not hold up the rest."""
        log.error("event cannot be published", extra={"event_id": row["event_id"], "reason": reason})
        failed = deadletters.Failed(
            topic=row["topic"],
            partition=-1,
            offset=row["id"],
            key=row["key"],
            headers={name: value.decode() for name, value in cloud_event_headers(row)},
            value=row["payload"],
            event_id=row["event_id"],
            reason=reason,
        )
        async with conn.transaction():
            await deadletters.keep(conn, RELAY, failed)
            await conn.execute("DELETE FROM outbox WHERE id = $1", row["id"])

    def _raise_floor(self, published_id: int) -> None:
        """Skip dead index entries, yet only below ids older than most transactions that may still commit."""
        now = time.monotonic()
        self._published.append((now, published_id))
        while self._published and self._published[0][0] < now - FLOOR_LAG_SECONDS:
            self._floor = self._published.popleft()[1]

    def _look_at_all_now_and_then(self) -> None:
        """Drop the floor every minute, also while nothing else is told.

        A rebuild, or a server without `transaction_timeout`, may commit a row whose id the floor has passed.
        """
        now = time.monotonic()
        if now - self._looked_at_all > LOOK_AT_ALL_SECONDS:
            self._floor, self._looked_at_all = 0, now


def rest_seconds(took: float) -> float:
    """Give the rest after a batch: as long as it `took`, so that others get the processor, within bounds.

    The pace is kept at least, and a batch that waited for a slow broker is no reason to wait once more.
    """
    return max(PACE_SECONDS - took, min(took, POLL_SECONDS))


def cloud_event_headers(row: asyncpg.Record) -> list[tuple[str, bytes]]:
    """Give a row its CloudEvents 1.0 attributes in Kafka's binary content mode."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(row["event_id"]).encode()),
        ("ce_type", row["type"].encode()),
        ("ce_source", source_of(row["type"]).encode()),
        ("ce_subject", row["subject"].encode()),
        ("ce_time", row["time"].isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    if row["traceparent"]:
        headers.append(("ce_traceparent", row["traceparent"].encode()))
    headers.extend((name, value.encode()) for name, value in (row["headers"] or {}).items())
    return headers

"""The consumer: batches from Kafka, each applied exactly once, never stopped by one bad event."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from humidor_common.clock import utc_now
from humidor_common.db.failures import TRANSIENT
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.messaging import deadletters, inbox, outbox
from humidor_common.messaging.kafka import outlive
from humidor_common.messaging.reading import open_reader
from humidor_common.messaging.subscription import Poison, Received, Subscription, decode
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.metrics import CONSUMED_EVENTS, CONSUMER_BATCH_SECONDS, EVENT_AGE_SECONDS
from humidor_common.telemetry.traces import span

ATTEMPTS = 3
# Transactions and statements end long before; a driver that does not come back must not stop the group.
LONGEST_APPLY_SECONDS = 120.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """One record and what it was read as: an event, or the reason why it is none."""

    record: "ConsumerRecord[bytes, bytes]"
    headers: dict[str, str]
    received: Received | None
    fault: str | None


class Consumer:
    """Runs one subscription."""

    longest_pause_seconds = 10.0

    def __init__(
        self, settings: ServiceSettings, pool: Pool, subscription: Subscription, wake: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._subscription = subscription
        self._wake = wake
        self.running = False

    async def run(self) -> None:
        """Consume until cancelled; a lost broker or database is waited for."""
        await outlive(self._consume, self._subscription.group, lost=(KafkaError, *TRANSIENT))

    async def _consume(self) -> None:
        async with open_reader(self._settings, self._subscription) as reader:
            self.running = True
            try:
                while True:
                    fetched = await reader.fetch(self._subscription.max_batch)
                    async with reader.in_flight:
                        if fetched:
                            await self._apply_records([r for records in fetched.values() for r in records])
                            reader.offsets.note(
                                {tp: records[-1].offset + 1 for tp, records in fetched.items()}
                            )
                        await reader.offsets.commit_if_due()
            finally:
                self.running = False

    async def _apply_records(self, records: "Sequence[ConsumerRecord[bytes, bytes]]") -> None:
        await self._apply_items([self._read(record) for record in records])
        if outbox.take_appended():
            self._wake()

    def _read(self, record: "ConsumerRecord[bytes, bytes]") -> Item:
        headers = {name: _text(value) for name, value in record.headers}
        try:
            return Item(record, headers, decode(headers, record.value), None)
        except Poison as poison:
            return Item(record, headers, None, str(poison))

    async def _apply_items(self, items: Sequence[Item]) -> None:
        """Apply in one transaction; on a fault halve the batch until the bad event stands alone."""
        fault = await self._try(items)
        if fault is None:
            return
        if len(items) > 1:
            middle = len(items) // 2
            await self._apply_items(items[:middle])
            await self._apply_items(items[middle:])
            return
        for attempt in range(1, ATTEMPTS):
            if isinstance(fault, Poison):
                break
            await asyncio.sleep(self._pause_seconds(attempt))
            fault = await self._try(items)
            if fault is None:
                return
        await self._until_reachable(self._bury, items[0], fault)

    async def _try(self, items: Sequence[Item]) -> Exception | None:
        try:
            await self._until_reachable(self._apply_once, items)
        except Exception as fault:  # noqa: BLE001 - whatever an event causes must not stop the others
            log.warning("batch failed", extra={"events": len(items), "error": repr(fault)})
            return fault
        return None

    async def _until_reachable(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Repeat `work` for as long as only the infrastructure is at fault."""
        attempt = 0
        while True:
            try:
                async with asyncio.timeout(LONGEST_APPLY_SECONDS):
                    await work(*arguments)
            except TRANSIENT as error:
                if isinstance(error, ValueError):  # asyncpg's own refusal of an argument
                    raise
                attempt += 1
                log.warning("waiting for the database", extra={"error": repr(error), "attempt": attempt})
                await asyncio.sleep(self._pause_seconds(attempt))
            else:
                return

    async def _apply_once(self, items: Sequence[Item]) -> None:
        group = self._subscription.group
        batch = [item.received for item in items if item.received is not None]
        failures = [_failure(self._settings, item, item.fault) for item in items if item.fault is not None]
        parent = batch[0].traceparent if batch else None
        with span(f"{group} batch", parent=parent), CONSUMER_BATCH_SECONDS.labels(group).time():
            async with transaction(self._pool) as conn:
                new = await inbox.apply_batch(conn, self._subscription, batch)
                await deadletters.record(conn, group, failures)
            self._log_applied(batch)
        CONSUMED_EVENTS.labels(group, "applied").inc(new)
        CONSUMED_EVENTS.labels(group, "repeated").inc(len(batch) - new)
        CONSUMED_EVENTS.labels(group, "dead").inc(len(failures))
        if batch:
            EVENT_AGE_SECONDS.labels(group).observe((utc_now() - batch[-1].time).total_seconds())

    def _log_applied(self, batch: Sequence[Received]) -> None:
        if not log.isEnabledFor(10):
            return
        for received in batch:
            with span(f"{self._subscription.group} event", parent=received.traceparent):
                log.debug("event applied", extra={"event_id": received.event_id, "type": received.event.TYPE})

    async def _bury(self, item: Item, fault: Exception | None) -> None:
        reason = str(fault) if isinstance(fault, Poison) else f"{type(fault).__name__}: {fault}"
        async with transaction(self._pool) as conn:
            if item.received is not None:
                await inbox.admit(conn, self._subscription.group, [item.received])
            await deadletters.record(conn, self._subscription.group, [_failure(self._settings, item, reason)])
        CONSUMED_EVENTS.labels(self._subscription.group, "dead").inc()
        log.error("event dead-lettered", extra={"reason": reason, "offset": item.record.offset})

    def _pause_seconds(self, attempt: int) -> float:
        return float(min(self.longest_pause_seconds, 0.1 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311


def _failure(settings: ServiceSettings, item: Item, reason: str | None) -> deadletters.Failed:
    record = item.record
    return deadletters.Failed(
        topic=record.topic.removeprefix(settings.topic_prefix),
        partition=record.partition,
        offset=record.offset,
        key=_text(record.key) if record.key is not None else None,
        headers=item.headers,
        value=record.value,
        event_id=item.received.event_id if item.received else _own_id(item.headers),
        reason=reason or "unknown",
    )


def _text(raw: bytes | None) -> str:
    """Read what PostgreSQL can store as text, whatever was sent."""
    return (raw or b"").decode(errors="replace").replace("\x00", "\ufffd")


def _own_id(headers: dict[str, str]) -> UUID | None:
    with suppress(KeyError, ValueError):
        return UUID(headers["ce_id"])
    return None

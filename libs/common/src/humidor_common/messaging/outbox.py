"""The outbox: an event row in the transaction of the change that it tells of."""

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement, run
from humidor_common.events import Event
from humidor_common.ids import uuid7
from humidor_common.telemetry.traces import current_traceparent

_encoder = msgspec.json.Encoder()
_appended: ContextVar[bool] = ContextVar("outbox_appended", default=False)

INSERT_OUTBOX = """
INSERT INTO outbox (event_id, type, topic, key, subject, time, traceparent, payload)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                     $7::text[], $8::bytea[])
"""


class OutboxRow(NamedTuple):
    """The columns of one outbox row, in the order of `INSERT_OUTBOX`."""

    event_id: UUID
    type: str
    topic: str
    key: str
    subject: str
    time: datetime
    traceparent: str | None
    payload: bytes


def outbox_row(event: Event, *, now: datetime | None = None, traceparent: str | None = None) -> OutboxRow:
    """Make the row for one event; hot paths put it into a statement of their own."""
    return OutboxRow(
        uuid7(),
        event.TYPE,
        event.TOPIC,
        event.key,
        event.subject,
        now or utc_now(),
        traceparent or current_traceparent(),
        _encoder.encode(event),
    )


def appending(rows: Iterable[OutboxRow]) -> Statement:
    """Make the statement that adds rows, at least one, for a use case that writes more with it."""
    return Statement(INSERT_OUTBOX, [list(column) for column in zip(*rows, strict=True)])


async def append(conn: Connection, events: Iterable[Event]) -> None:
    """Add events to the current transaction, in one statement.

    Lock or update the aggregate's own row first: the relay publishes in the order of the row ids.
    """
    rows = [outbox_row(event) for event in events]
    if rows:
        await run(conn, appending(rows))
        _appended.set(True)


def take_appended() -> bool:
    """Say whether this task has appended anything since it was last asked: then the relay has work."""
    appended = _appended.get()
    _appended.set(False)
    return appended

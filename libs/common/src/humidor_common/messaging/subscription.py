"""What a service consumes: a group, its topics and the one function that applies a batch."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events import EVENTS, Event

E = TypeVar("E", bound=Event)


class Poison(Exception):  # noqa: N818 - the field's word for it
    """This event can never be applied as things stand; it is dead-lettered at once with this reason."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event with its envelope; `event_id` identifies source and id together.

    `reason` is why a consumer gave it up, where it was read from a topic of dead letters.
    """

    event: Event
    event_id: UUID
    source: str
    time: datetime
    traceparent: str | None
    reason: str | None = None


Apply = Callable[[Connection, Sequence[Received]], Awaitable[None]]
Take = Callable[[Connection, Sequence[Received]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A consumer group.

    Args:
        group: Name of the group, stable for ever: `inventory.sales`.
        topics: Without prefix.
        apply: Gets a batch in partition order, decoded, without repeats and without what the inbox has
            seen, inside one transaction with the inbox rows. It ignores events it does not want.
        max_batch: Most events in one transaction.
        take: Admits a small batch by itself and applies what is new of it, where it can do both in one trip
            to the database; gives the number of new events. No event is in the batch twice.
    """

    group: str
    topics: tuple[str, ...]
    apply: Apply
    max_batch: int = 500
    take: Take | None = None


_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


def decode(headers: dict[str, str], value: bytes | None) -> Received:
    """Read one CloudEvent in Kafka's binary or structured content mode.

    Raises:
        Poison: It is no CloudEvent, of an unknown type or version, or its data does not fit the type.
    """
    if headers.get("content-type", "").startswith("application/cloudevents+json"):
        headers, value = _unwrap(value)
    try:
        event_type, source = headers["ce_type"], headers["ce_source"]
        event_id = _event_key(source, headers["ce_id"])
        time = _read_time(headers.get("ce_time"))
    except (KeyError, ValueError) as error:
        raise Poison(f"not a CloudEvent: {error!r}") from error
    if event_type not in EVENTS:
        raise Poison(f"unknown event type or version {event_type!r}")
    try:
        event = _decoder(event_type).decode(value or b"")
    except msgspec.MsgspecError as error:
        raise Poison(f"data does not fit {event_type}: {error}") from error
    reason = headers.get("humidor_reason")
    return Received(event, event_id, source, time, headers.get("ce_traceparent"), reason)


def _read_time(text: str | None) -> datetime:
    """The time is optional in CloudEvents; one without a zone is taken as UTC."""
    if not text:
        return utc_now()
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _decoder(event_type: str) -> msgspec.json.Decoder[Any]:
    if event_type not in _decoders:
        _decoders[event_type] = msgspec.json.Decoder(EVENTS[event_type])
    return _decoders[event_type]


def _event_key(source: str, event_id: str) -> UUID:
    """Our own ids are UUIDs, unique by themselves; any other id is unique only with its source."""
    try:
        return UUID(event_id)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"{source}\n{event_id}")


class _Structured(msgspec.Struct):
    id: str
    source: str
    type: str
    time: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    traceparent: str | None = None


def _unwrap(value: bytes | None) -> tuple[dict[str, str], bytes]:
    try:
        event = msgspec.json.decode(value or b"", type=_Structured)
    except msgspec.MsgspecError as error:
        raise Poison(f"not a structured CloudEvent: {error}") from error
    headers = {"ce_id": event.id, "ce_source": event.source, "ce_type": event.type, "ce_time": event.time}
    if event.traceparent:
        headers["ce_traceparent"] = event.traceparent
    return headers, bytes(event.data)

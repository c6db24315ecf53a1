"""What services answer when a person's data is to be erased or handed out: ids, counts and digests alone.

A service that keeps anything about members declares both answers in its own module of events, by a type and a
topic. That is all it takes to be asked: a request waits for every service that has declared them.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import EVENTS, Event


class ErasedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased of one kind of data: how many rows, and what `stays` of it and why ("" for nothing)."""

    holding: str
    rows: int
    stays: str


class PersonErased(Event, frozen=True, kw_only=True):
    """A service has erased what it had of a person; later answers name what came in late and went too."""

    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    member_id: str
    parts: list[ErasedPart]
    erased_at: datetime


class PersonExported(Event, frozen=True, kw_only=True):
    """A service has gathered what it has of a person; it is fetched over HTTP at `reference`."""

    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    member_id: str
    reference: str
    sha256: str
    size_bytes: int
    expires_at: datetime


def owner_of(event: type[Event]) -> str:
    """Name the service that tells an event."""
    return event.TYPE.partition(".")[0]


def answers() -> list[type[Event]]:
    """List the answers that services have declared, in the order of their types."""
    kinds = (PersonErased, PersonExported)
    return [event for _, event in sorted(EVENTS.items()) if issubclass(event, kinds)]


def answering_services() -> tuple[str, ...]:
    """Name the services that keep something about members, besides the one that asks."""
    return tuple(sorted({owner_of(event) for event in answers()}))

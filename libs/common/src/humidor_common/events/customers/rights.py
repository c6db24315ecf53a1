"""Requests of persons about their own data; ids alone, no personal data."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from humidor_common.events.base import Event

_TOPIC = "customers.privacy-request.v1"


class ErasureRequested(Event, frozen=True, kw_only=True):
    """A member's data is to be erased: every service that has any erases its part and answers."""

    TYPE: ClassVar[str] = "customers.erasure-requested.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    member_id: str
    requested_at: datetime
    due_at: datetime


class ExportRequested(Event, frozen=True, kw_only=True):
    """A member wants its data: every service gathers its part and answers where it can be fetched.

    Only who has the key of which `key_hash` is the SHA-256 (in hexadecimal) gets the part.
    """

    TYPE: ClassVar[str] = "customers.export-requested.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    member_id: str
    key_hash: str
    requested_at: datetime
    due_at: datetime


class PrivacyRequestClosed(Event, frozen=True, kw_only=True):
    """A request is done in every service that was asked, or was refused."""

    TYPE: ClassVar[str] = "customers.privacy-request-closed.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "member_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    member_id: str
    kind: Literal["export", "erasure"]
    outcome: Literal["completed", "refused"]
    closed_at: datetime


class ContactRequestClosed(Event, frozen=True, kw_only=True):
    """What a contact person of a trade customer asked for is done, or was refused.

    Whoever has copied contacts of this customer fetches them anew: one may be gone.
    """

    TYPE: ClassVar[str] = "customers.contact-request-closed.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "retailer_id"
    SUBJECT: ClassVar[str] = "request_id"

    request_id: UUID
    retailer_id: str
    kind: Literal["export", "erasure"]
    outcome: Literal["completed", "refused"]
    closed_at: datetime

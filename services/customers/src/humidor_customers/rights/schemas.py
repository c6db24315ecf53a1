"""What callers send and see of requests of persons about their data; free text has no place in it."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from humidor_common.web.inputs import Input, Moment, StoreId
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.contact_persons.schemas import ContactPerson
from humidor_customers.inputs import RetailerId
from humidor_customers.rights.rules import Kind, State

Basis: TypeAlias = Literal["asked", "consent_withdrawn", "authority", "retention", "erased_by_staff"]
IdentityCheck: TypeAlias = Literal["in_person", "document", "call_back", "account", "not_needed"]
Refusal: TypeAlias = Literal["identity_unproven", "unfounded", "excessive", "legal_duty", "withdrawn"]

_REQUEST: dict[str, JsonValue] = {"kind": "erasure", "member_id": "M0001", "identity_check": "in_person"}


class NewRequest(Input):
    """A request of a member, or of a contact person of a trade customer (`contact`).

    With `identity_check` it starts at once, else when that has been done. `received_at` is when the person
    asked, for one that came by post; now where it is left out.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUEST]})

    kind: Kind
    member_id: MemberId | None = None
    contact: ContactPerson | None = None
    basis: Literal["asked", "consent_withdrawn", "authority"] = "asked"
    identity_check: IdentityCheck | None = None
    received_at: Moment | None = None

    @model_validator(mode="after")
    def _check(self) -> "NewRequest":
        if (self.member_id is None) is (self.contact is None):
            raise ValueError("either member_id or contact")
        return self


class StartInput(Input):
    """How it was made sure that the request comes from the member."""

    identity_check: IdentityCheck


class RefusalInput(Input):
    """Why a request is refused; the member has to be told."""

    why: Refusal


class Filters(BaseModel):
    """What a list of requests may be narrowed to; `overdue` are those that are open after their time."""

    member_id: MemberId | None = None
    retailer_id: RetailerId | None = None
    store_id: StoreId | None = None
    kind: Kind | None = None
    state: State | None = None
    overdue: bool | None = None


class PartView(BaseModel):
    """What was erased of one kind of data, and what stays of it and why."""

    holding: str
    rows: int
    stays: str


class AnswerView(BaseModel):
    """How far one service is; an export has a size and a digest, an erasure has parts."""

    service: str
    asked_at: datetime
    answered_at: datetime | None
    fetched_at: datetime | None
    parts: list[PartView] | None
    size_bytes: int | None
    sha256: str | None


class RequestView(BaseModel):
    """A request as it is, with how far each service is.

    Of a contact person the trade customer is named for good, and who it is (`person`) until it has ended.
    """

    request_id: UUID
    kind: Kind
    member_id: str | None
    retailer_id: str | None
    person: ContactPerson | None
    state: State
    basis: Basis
    identity_check: IdentityCheck | None
    received_at: datetime
    received_by: str
    due_at: datetime
    overdue: bool
    started_at: datetime | None
    ended_at: datetime | None
    refused_why: Refusal | None
    services: list[AnswerView]


class LinkView(BaseModel):
    """One link of the chain: `hash` is the SHA-256 of `previous`, a line feed and `entry`."""

    seq: int
    entry: str
    previous: str
    hash: str


class Proof(BaseModel):
    """What was done about a request, where and when; the links prove that nobody has changed it since.

    `head` is the newest link of all: kept elsewhere, it makes a chain that was written anew show.
    `verified` says that the links of this request hold.
    """

    request: RequestView
    in_time: bool
    links: list[LinkView]
    head: LinkView
    verified: bool

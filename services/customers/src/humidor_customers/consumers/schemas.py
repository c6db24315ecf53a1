"""What callers send and see of members among consumers."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from humidor_common.web.inputs import Contactable, Day, Input, Label, Moment, Name, StoreId
from humidor_customers.consumers.rules import AdultOutcome, Channel, Purpose
from humidor_customers.inputs import Code

MemberId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
CardNumber = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9-]{4,32}$")]
Method: TypeAlias = Literal["id_seen", "electronic_id", "face_match", "other"]

_CONSENT: dict[str, JsonValue] = {
    "purpose": "survey",
    "channel": "sms",
    "given": True,
    "source": "paper form",
    "text_version": "2026-03",
}
_CONSUMER: dict[str, JsonValue] = {
    "store_id": "S0001",
    "card_number": "80010023",
    "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-11-02"},
    "consents": [_CONSENT],
}


class AdultCheck(Input):
    """Whether somebody is an adult: what a check of the age came to, how and when; never the document."""

    outcome: AdultOutcome
    method: Method | None = None
    checked_on: Day | None = None


class ConsentInput(Input):
    """What a member decided about one purpose and channel; without `decided_at` now."""

    purpose: Purpose
    channel: Channel
    given: bool
    source: Label
    text_version: Code
    decided_at: Moment | None = None


class ContactInput(Input):
    """Who a member is: no more than the member wants to say. Kept apart, so that it can be erased."""

    name: Name | None = None
    phone: Contactable | None = None
    email: Contactable | None = None


Consents = Annotated[list[ConsentInput], Field(max_length=50)]


class NewConsumer(Input):
    """A new member; an id is made where none is given. Whoever is not an adult is refused."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CONSUMER]})

    member_id: MemberId | None = None
    card_number: CardNumber | None = None
    store_id: StoreId
    adult: AdultCheck
    contact: ContactInput | None = None
    consents: Consents = Field(default_factory=list)


class ConsumerInput(Input):
    """A member as it shall be."""

    card_number: CardNumber | None = None
    store_id: StoreId


class ConsentDecisions(Input):
    """What a member decided."""

    consents: Annotated[list[ConsentInput], Field(min_length=1, max_length=50)]


class Filters(BaseModel):
    """What a list of members may be narrowed to; `purpose` and `channel` go together."""

    store_id: StoreId | None = None
    card_number: CardNumber | None = None
    adult_verified: bool | None = None
    live: bool | None = None
    purpose: Purpose | None = None
    channel: Channel | None = None


class ConsentState(BaseModel):
    """What holds for a purpose and channel."""

    purpose: Purpose
    channel: Channel
    given: bool
    decided_at: datetime
    source: str
    text_version: str


class ConsumerView(BaseModel):
    """A member as it is; `has_contact` tells that there is more, which only `…/contact` shows."""

    member_id: str
    card_number: str | None
    store_id: str
    joined_at: datetime
    adult_verified: bool
    adult_method: Method | None
    adult_checked_on: date | None
    consents: list[ConsentState]
    has_contact: bool
    ended_why: Literal["left", "not_an_adult", "erased"] | None
    ended_at: datetime | None
    version: int
    changed_at: datetime


class ContactView(BaseModel):
    """Who a member is, as far as the member has said."""

    member_id: str
    name: str | None
    phone: str | None
    email: str | None


class ConsentView(BaseModel):
    """One decision of a member, as it was recorded for ever."""

    consent_id: UUID
    member_id: str
    purpose: Purpose
    channel: Channel
    given: bool
    decided_at: datetime
    source: str
    text_version: str
    recorded_by: str
    recorded_at: datetime

"""What callers send and see of interactions."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from humidor_common.web.inputs import PRINTABLE, Input, Label, Moment, Name
from humidor_customers.channels.schemas import AccountId
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.interactions.rules import Medium, Purpose
from humidor_customers.parties import PartyInput, PartyKind, PartyView

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")]
TemplateId = Annotated[str, StringConstraints(max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Parameter = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]
Direction: TypeAlias = Literal["in", "out"]
State: TypeAlias = Literal["recorded", "received", "queued", "sent", "delivered", "failed", "withheld"]

_CALL: dict[str, JsonValue] = {
    "customer": {"kind": "retailer", "id": "C100"},
    "medium": "call",
    "direction": "out",
    "purpose": "ordering",
    "occurred_at": "2026-11-26T09:30:00+08:00",
    "duration_seconds": 240,
    "outcome": "will order on Thursday",
    "text": "Asked about the new allocation.",
}
_MESSAGE: dict[str, JsonValue] = {
    "customer": {"kind": "consumer", "id": "M100"},
    "account_id": "sms",
    "purpose": "recall",
    "template_id": "1110",
    "params": ["06901028001234", "L2026-11"],
}


class InteractionInput(Input):
    """Something that has happened: a call, visit, letter or talk that a person notes down."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALL]})

    customer: PartyInput
    medium: Medium
    direction: Direction
    purpose: Purpose = "service"
    occurred_at: Moment
    duration_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    outcome: Label | None = None
    subject: Name | None = None
    text: Text | None = None
    reply_to: UUID | None = None


class MessageInput(Input):
    """A message to be sent; by SMS as a template with its parameters, elsewhere as text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MESSAGE]})

    customer: PartyInput
    account_id: AccountId
    purpose: Purpose
    subject: Name | None = None
    text: Text | None = None
    template_id: TemplateId | None = None
    params: Annotated[list[Parameter], Field(max_length=20)] = Field(default_factory=list)
    reply_to: UUID | None = None


class Assignment(Input):
    """Whom a message that came in is from."""

    customer: PartyInput


class Filters(BaseModel):
    """What a list may be narrowed to; `customer_kind` and `customer_id` go together."""

    customer_kind: PartyKind | None = None
    customer_id: MemberId | None = None
    medium: Medium | None = None
    direction: Direction | None = None
    unassigned: bool = False


class InteractionView(BaseModel):
    """An interaction without what was said, which only `…/text` shows.

    `failed` and `withheld` (the consent was taken back meanwhile) give a `reason`. `without_consent` marks
    what a person did though the consumer had not allowed it.
    """

    interaction_id: UUID
    customer: PartyView | None
    medium: Medium
    direction: Direction
    purpose: str
    state: State
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: str
    account_id: str | None
    reply_to: UUID | None
    duration_seconds: int | None
    outcome: str | None
    reason: str | None
    without_consent: bool
    has_text: bool


class TextView(BaseModel):
    """What was said; empty where it was never kept or has been erased."""

    interaction_id: UUID
    address: str | None = None
    subject: str | None = None
    text: str | None = None
    template: list[str] | None = None

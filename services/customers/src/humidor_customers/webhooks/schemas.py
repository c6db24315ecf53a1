"""What callers send and see of webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StrictInt, StringConstraints

from humidor_common.delivery.web import DeliveryState
from humidor_common.web.inputs import Input, Label, Moment

Target = Annotated[str, StringConstraints(min_length=3, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
EventType = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9.-]+$")]
Types = Annotated[list[EventType], Field(min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Value: TypeAlias = StrictBool | Annotated[StrictInt, Field(ge=-(2**53), le=2**53)] | Text
FilterField = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Filters = Annotated[
    dict[FilterField, Annotated[list[Value], Field(min_length=1, max_length=1000)]], Field(max_length=10)
]

_WEBHOOK: dict[str, JsonValue] = {
    "name": "ERP",
    "target": "https://erp.example.com/hooks/humidor",
    "types": ["customers.retailer-changed.v1"],
    "filters": {"trade_area": ["WEST"]},
}


class WebhookTerms(Input):
    """What is told: events of these types, or of them those whose fields have one of the values.

    A field that is a list has the value of each of its entries.
    """

    name: Label
    types: Types
    filters: Filters = Field(default_factory=dict)
    enabled: bool = True


class NewWebhook(WebhookTerms):
    """A new webhook; without a secret one is made. A given one is `whsec_` and 24 bytes or more in base64."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WEBHOOK]})

    target: Target
    secret: Secret | None = None


class WebhookChange(WebhookTerms):
    """A webhook as it shall be; the target stays where it is left out, the secret is changed by itself."""

    target: Target | None = None


class Rotation(Input):
    """Another secret; the one before signs beside it for some hours, so that no message is refused."""

    secret: Secret | None = None
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class WebhookView(BaseModel):
    """A webhook as it is; secrets are never shown, of a key in the target only its end."""

    webhook_id: UUID
    name: str
    target: str
    types: list[str]
    filters: dict[str, list[Value]]
    enabled: bool
    previous_secret_until: datetime | None
    version: int
    changed_at: datetime
    changed_by: str


class WebhookStatus(WebhookView):
    """A webhook with how many messages are under way to it, and how many wait for somebody's decision."""

    pending: int
    parked: int


class WebhookSecret(WebhookView):
    """A webhook with its secret, which is shown this once."""

    secret: str


class TestSent(BaseModel):
    """Which delivery will tell whether the target can be reached."""

    delivery_id: UUID


class OfferedView(BaseModel):
    """An event that can be subscribed to, with the JSON Schemas of its payload."""

    type: str
    summary: str
    schemas: dict[str, Any] = Field(alias="schema")


class OfferedList(BaseModel):
    """Everything that is offered."""

    items: list[OfferedView]


class MessageView(BaseModel):
    """A message to a webhook: `delivery_id` is its `webhook-id`, the same over attempts and replays.

    `last_status`, `last_latency_ms` and `last_answer` are of the last attempt; all of them are in
    `/v1/deliveries/{delivery_id}`.
    """

    delivery_id: UUID
    event_id: UUID | None
    type: str
    subject: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    settled_at: datetime | None
    last_status: int | None
    last_latency_ms: int | None
    last_answer: str | None


Settled: TypeAlias = Literal["sent", "parked", "dropped"]


def _all_settled() -> list[Settled]:
    return ["sent", "parked", "dropped"]


class Replay(Input):
    """Send again what was put in from a moment until another (not with it); what is under way is left."""

    since: Moment = Field(alias="from")
    until: Moment
    types: Annotated[list[EventType], Field(max_length=100)] = Field(default_factory=list)
    states: Annotated[list[Settled], Field(min_length=1, max_length=3)] = Field(default_factory=_all_settled)


class Replayed(BaseModel):
    """How many messages go out again."""

    messages: int

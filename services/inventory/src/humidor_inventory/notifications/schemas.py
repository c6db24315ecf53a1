"""What callers send and see of subscriptions."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from humidor_common.delivery import Channel
from humidor_inventory.alerts.rules import AlertKind, Severity
from humidor_inventory.inputs import Input, Label, StoreId, TimeZone
from humidor_inventory.notifications.rules import Language

Told = Literal["raised", "escalated", "closed"]
Target = Annotated[str, StringConstraints(min_length=3, max_length=2000, pattern=r"^[\x21-\x7e]+$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]


class SubscriptionTerms(Input):
    """Who is told what: without kinds of all, without stores of all that the caller may see.

    What comes within `window_seconds` is told in one message. In quiet hours of `time_zone` it waits
    for their end, unless something critical comes.
    """

    name: Label
    kinds: Annotated[list[AlertKind], Field(max_length=20, default_factory=list)]
    severities: Annotated[
        list[Severity], Field(min_length=1, max_length=3, default_factory=lambda: ["warning", "critical"])
    ]
    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=1000)] | None = None
    told: Annotated[
        list[Told], Field(min_length=1, max_length=3, default_factory=lambda: ["raised", "escalated"])
    ]
    channel: Channel
    language: Language = "zh"
    window_seconds: Annotated[int, Field(ge=5, le=86_400)] = 300
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: TimeZone = "Asia/Shanghai"
    enabled: bool = True

    @model_validator(mode="after")
    def _check(self) -> "SubscriptionTerms":
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until come together")
        if any(each is not None and each.tzinfo is not None for each in (self.quiet_from, self.quiet_until)):
            raise ValueError("quiet hours are of time_zone and have no offset of their own")
        return self


class SubscriptionInput(SubscriptionTerms):
    """A new subscription; a webhook's secret is `whsec_` and at least 24 bytes in base64."""

    target: Target
    secret: Secret | None = None


class SubscriptionChange(SubscriptionTerms):
    """A subscription as it shall be; target and secret stay where they are left out."""

    target: Target | None = None
    secret: Secret | None = None


class SubscriptionView(BaseModel):
    """A subscription as it is; the secret is never shown, of a key in the target only its end."""

    subscription_id: UUID
    name: str
    kinds: list[str]
    severities: list[str]
    store_ids: list[str] | None
    told: list[str]
    channel: Channel
    target: str
    has_secret: bool
    language: Language
    window_seconds: int
    quiet_from: time | None
    quiet_until: time | None
    time_zone: str
    enabled: bool
    digest_due_at: datetime | None
    version: int
    changed_at: datetime
    changed_by: str


class TestSent(BaseModel):
    """Which delivery will tell whether the target can be reached."""

    delivery_id: UUID

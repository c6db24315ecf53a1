"""What happens with customers of either kind; ids and facts, never what was said or to which address."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from humidor_common.events.base import Event


class InteractionRecorded(Event, frozen=True, kw_only=True):
    """A customer was turned to, or turned to us: a call, message, visit or letter."""

    TYPE: ClassVar[str] = "customers.interaction-recorded.v1"
    TOPIC: ClassVar[str] = "customers.interaction.v1"
    KEY: ClassVar[str] = "customer_id"
    SUBJECT: ClassVar[str] = "interaction_id"

    interaction_id: UUID
    customer_kind: Literal["retailer", "consumer"]
    customer_id: str
    medium: Literal["call", "visit", "email", "sms", "wechat", "app", "post", "other"]
    direction: Literal["in", "out"]
    purpose: str
    occurred_at: datetime


class VisitCompleted(Event, frozen=True, kw_only=True):
    """Somebody visited a trade customer; `distance_m` is how far from its known place, None where none is."""

    TYPE: ClassVar[str] = "customers.visit-completed.v1"
    TOPIC: ClassVar[str] = "customers.interaction.v1"
    KEY: ClassVar[str] = "retailer_id"
    SUBJECT: ClassVar[str] = "visit_id"

    visit_id: UUID
    retailer_id: str
    purpose: str
    planned_on: str
    arrived_at: datetime
    left_at: datetime
    distance_m: int | None


class PresaleMoved(Event, frozen=True, kw_only=True):
    """A consultation or sample request went on; `converted` names the order that came of it."""

    TYPE: ClassVar[str] = "customers.presale-moved.v1"
    TOPIC: ClassVar[str] = "customers.interaction.v1"
    KEY: ClassVar[str] = "retailer_id"
    SUBJECT: ClassVar[str] = "presale_id"

    presale_id: UUID
    retailer_id: str
    kind: Literal["consultation", "sample"]
    state: str
    moved_at: datetime
    order_reference: str | None = None
    value_minor: int | None = None
    currency: str | None = None

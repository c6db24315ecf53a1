"""What callers send and see of alerts; numbers carry their unit."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from humidor_inventory.alerts.rules import Severity
from humidor_inventory.inputs import Input, Note, StoreId

AlertState = Literal["open", "ordered", "closed"]


class AlertView(BaseModel):
    """An alert; `figures` as they were seen last, the four figures beside it as they were when it was raised.

    `ordered` is open with an order on its way. Those four are null where the kind does not know them.
    """

    alert_id: UUID
    store_id: str
    subject: str
    gtin: str | None
    lot: str | None
    kind: str
    severity: Severity
    state: AlertState
    figures: dict[str, Any]
    on_hand_sticks: int | None
    reserved_sticks: int | None
    on_order_sticks: int | None
    reorder_point_sticks: int | None
    purchase_order_id: UUID | None
    raised_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_note: str | None
    snoozed_until: datetime | None
    snoozed_by: str | None
    escalate_at: datetime | None
    escalated_at: datetime | None
    closed_at: datetime | None
    closed_reason: str | None


class Acknowledgement(Input):
    """That somebody sees to it, with what they mean to do."""

    note: Note | None = None


class Snooze(Input):
    """Until when nobody shall be told, and why; at most 90 days."""

    until: AwareDatetime
    reason: Note


class SweepInput(Input):
    """Which stores to look at now; without any, all of them as soon as the worker can."""

    store_ids: Annotated[list[StoreId], Field(max_length=20, default_factory=list)]


class SweepView(BaseModel):
    """`done` where the stores were looked at, `due` where the worker will."""

    state: Literal["done", "due"]
    store_ids: list[str]


class RuleInput(Input):
    """Terms of a kind; what is left out is as the kind has it by default.

    `escalate_after_minutes` given as null means never. `quiet` raises alerts of which nobody is told.
    """

    enabled: bool = True
    severity: Severity | None = None
    threshold_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    window_days: Annotated[int, Field(ge=1, le=366)] | None = None
    escalate_after_minutes: Annotated[int, Field(ge=1, le=43_200)] | None = None
    quiet: bool = False


class RuleView(BaseModel):
    """A rule as it is; null stands for every store, brand or product."""

    kind: str
    store_id: str | None
    brand: str | None
    gtin: str | None
    enabled: bool
    severity: Severity | None
    threshold_days: int | None
    window_days: int | None
    escalate_after_minutes: int | None
    quiet: bool
    version: int
    changed_at: datetime
    changed_by: str


class KindView(BaseModel):
    """A kind of alert, with the terms that hold where no rule says otherwise."""

    kind: str
    threshold: str | None
    threshold_days: int | None
    window_days: int | None
    escalate_after_minutes: int | None


class AlertCount(BaseModel):
    """How many are open of a kind and severity, and how many of these somebody has seen to."""

    kind: str
    severity: Severity
    open: int
    acknowledged: int
    snoozed: int
    escalated: int


class StoreCount(BaseModel):
    """How many are open in a store."""

    store_id: str
    open: int
    critical: int


class Overview(BaseModel):
    """What is open now, the most severe first; `stores` are those with most of it."""

    open: int
    counts: list[AlertCount]
    stores: list[StoreCount]
    as_of: datetime

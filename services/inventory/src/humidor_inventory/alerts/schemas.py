"""What callers send and see of alerts; numbers carry their unit."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from humidor_inventory.alerts.rules import Severity

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

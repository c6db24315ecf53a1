"""What needs somebody's attention, and when it no longer does."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from humidor_common.events.base import Event


class AlertRaised(Event, frozen=True, kw_only=True):
    """Something needs attention; told once for each cause, `figures` say what was seen at that moment.

    `subject` names what it is about within the store: a GTIN, `GTIN/lot`, a zone, a purchase order.
    """

    TYPE: ClassVar[str] = "inventory.alert-raised.v1"
    TOPIC: ClassVar[str] = "inventory.alert.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "alert_id"

    alert_id: UUID
    kind: str
    store_id: str
    subject: str
    gtin: str | None
    lot: str | None
    severity: str
    figures: dict[str, Any]
    raised_at: datetime


class AlertClosed(Event, frozen=True, kw_only=True):
    """The cause of an alert has ended, or its rule was turned off."""

    TYPE: ClassVar[str] = "inventory.alert-closed.v1"
    TOPIC: ClassVar[str] = "inventory.alert.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "alert_id"

    alert_id: UUID
    kind: str
    store_id: str
    subject: str
    gtin: str | None
    lot: str | None
    severity: str
    raised_at: datetime
    closed_at: datetime
    reason: str

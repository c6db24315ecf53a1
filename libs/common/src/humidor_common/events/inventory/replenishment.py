"""What runs low, what is suggested and what is ordered."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class StockBelowReorderPoint(Event, frozen=True, kw_only=True):
    """Available stock (on hand - reserved + on order) fell to the reorder point."""

    TYPE: ClassVar[str] = "inventory.stock-below-reorder-point.v1"
    TOPIC: ClassVar[str] = "inventory.stock.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "gtin"

    alert_id: UUID
    store_id: str
    gtin: str
    on_hand_sticks: int
    reserved_sticks: int
    on_order_sticks: int
    reorder_point_sticks: int
    raised_at: datetime


class ReplenishmentSuggested(Event, frozen=True, kw_only=True):
    """It is proposed to order `quantity_sticks`; the inputs that led there stand beside it.

    `shortfall_sticks` is what a supply cap keeps from being ordered.
    """

    TYPE: ClassVar[str] = "inventory.replenishment-suggested.v1"
    TOPIC: ClassVar[str] = "inventory.replenishment.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "replenishment_id"

    replenishment_id: UUID
    store_id: str
    gtin: str
    quantity_sticks: int
    on_hand_sticks: int
    reserved_sticks: int
    on_order_sticks: int
    reorder_point_sticks: int
    order_up_to_sticks: int
    suggested_at: datetime
    shortfall_sticks: int = 0


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a purchase order."""

    gtin: str
    quantity_sticks: int


class PurchaseOrderPlaced(Event, frozen=True, kw_only=True):
    """An order went to a supplier: an approved suggestion, part of a plan, or made by hand."""

    TYPE: ClassVar[str] = "inventory.purchase-order-placed.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "purchase_order_id"

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    lines: list[OrderedLine]
    placed_at: datetime
    approved_by: str
    expected_on: str | None = None
    currency: str | None = None
    value_minor: int | None = None
    plan_id: UUID | None = None

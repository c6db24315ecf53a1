"""What becomes of purchase orders, what suppliers send and take back, and how long they take."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event
from humidor_common.events.inventory.replenishment import OrderedLine


class PurchaseOrderAmended(Event, frozen=True, kw_only=True):
    """An order that the supplier has was changed: these are its lines now, a line of 0 was given up."""

    TYPE: ClassVar[str] = "inventory.purchase-order-amended.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "purchase_order_id"

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    lines: list[OrderedLine]
    expected_on: str | None
    reason: str
    amended_at: datetime
    amended_by: str


class PurchaseOrderConfirmed(Event, frozen=True, kw_only=True):
    """The supplier has agreed to deliver these lines on `promised_on`."""

    TYPE: ClassVar[str] = "inventory.purchase-order-confirmed.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "purchase_order_id"

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    lines: list[OrderedLine]
    promised_on: str | None
    supplier_reference: str | None
    confirmed_at: datetime


class PurchaseOrderClosed(Event, frozen=True, kw_only=True):
    """Nothing more is awaited of an order that had been placed.

    `received` has come, all of it or closed short; `cancelled` was given up by the buyer, `rejected` refused
    by the supplier.
    """

    TYPE: ClassVar[str] = "inventory.purchase-order-closed.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "purchase_order_id"

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    outcome: Literal["received", "cancelled", "rejected"]
    ordered_sticks: int
    received_sticks: int
    closed_at: datetime
    reason: str | None = None


class ShippedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lot on its way; the dates are ISO 8601."""

    gtin: str
    lot: str | None
    quantity_sticks: int
    production_date: str | None = None
    expiry_date: str | None = None


class ShipmentAnnounced(Event, frozen=True, kw_only=True):
    """The supplier has sent goods of an order (advance shipping notice)."""

    TYPE: ClassVar[str] = "inventory.shipment-announced.v1"
    TOPIC: ClassVar[str] = "inventory.purchase-order.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "shipment_id"

    shipment_id: UUID
    asn_number: str
    purchase_order_id: UUID
    store_id: str
    supplier_id: str
    lines: list[ShippedLine]
    shipped_at: datetime
    expected_on: str | None
    announced_at: datetime


class SentBackLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lot that went back; `bucket` is where it stood: `on_hand` or `quarantined`."""

    gtin: str
    lot: str
    bucket: str
    quantity_sticks: int


class SupplierReturnDispatched(Event, frozen=True, kw_only=True):
    """Goods left a store for their supplier."""

    TYPE: ClassVar[str] = "inventory.supplier-return-dispatched.v1"
    TOPIC: ClassVar[str] = "inventory.supplier-return.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "supplier_return_id"

    supplier_return_id: UUID
    store_id: str
    supplier_id: str
    purchase_order_id: UUID | None
    reason: str
    lines: list[SentBackLine]
    dispatched_at: datetime


class SupplierLeadTimeChanged(Event, frozen=True, kw_only=True):
    """Receipts show another lead time (order to first receipt, in days) than before."""

    TYPE: ClassVar[str] = "inventory.supplier-lead-time-changed.v1"
    TOPIC: ClassVar[str] = "inventory.supplier.v1"
    KEY: ClassVar[str] = "supplier_id"
    SUBJECT: ClassVar[str] = "supplier_id"

    supplier_id: str
    lead_time_days: float
    lead_time_sd_days: float
    deliveries: int
    before_days: float | None
    measured_at: datetime

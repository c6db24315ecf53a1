"""Goods that came in."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class ReceivedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lot of one product that came in."""

    gtin: str
    lot: str
    quantity_sticks: int
    production_date: str | None = None
    expiry_date: str | None = None


class DamagedLot(msgspec.Struct, frozen=True, kw_only=True):
    """What of a lot that came in is damaged, and in quarantine therefore."""

    gtin: str
    lot: str
    quantity_sticks: int


class GoodsReceived(Event, frozen=True, kw_only=True):
    """Goods came into a store's stock, by lot."""

    TYPE: ClassVar[str] = "inventory.goods-received.v1"
    TOPIC: ClassVar[str] = "inventory.receipt.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "receipt_id"

    receipt_id: UUID
    store_id: str
    purchase_order_id: UUID | None
    kind: str
    lines: list[ReceivedLine]
    received_at: datetime
    supplier_id: str | None = None
    shipment_id: UUID | None = None
    damaged: list[DamagedLot] = msgspec.field(default_factory=list)

"""What became of the stock that orders of trade customers asked for."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event

_TOPIC = "inventory.order-stock.v1"


class ReservedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order: what was asked for, what is kept back, and what is still free after it."""

    gtin: str
    ordered_sticks: int
    reserved_sticks: int
    free_sticks: int


class StockReserved(Event, frozen=True, kw_only=True):
    """Stock is kept back for an order until it is delivered or cancelled; maybe less than was ordered."""

    TYPE: ClassVar[str] = "inventory.stock-reserved.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    store_id: str
    attempt: int
    lines: list[ReservedProduct]
    reserved_at: datetime


class StockRefused(Event, frozen=True, kw_only=True):
    """Nothing is kept back for an order: `not-enough-stock`, `unknown-product` or `unknown-store`."""

    TYPE: ClassVar[str] = "inventory.stock-refused.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    store_id: str
    attempt: int
    code: str
    lines: list[ReservedProduct]
    refused_at: datetime


class StockReleased(Event, frozen=True, kw_only=True):
    """Nothing is kept back any more for an order that was cancelled."""

    TYPE: ClassVar[str] = "inventory.stock-released.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    store_id: str
    attempt: int
    released_at: datetime


class ShippedLot(msgspec.Struct, frozen=True, kw_only=True):
    """What an order took out of one lot; the lot is empty where the books had no stock for it."""

    gtin: str
    lot: str
    sticks: int


class StockShipped(Event, frozen=True, kw_only=True):
    """The goods of a delivered order have left the stock of the warehouse, out of these lots."""

    TYPE: ClassVar[str] = "inventory.stock-shipped.v1"
    TOPIC: ClassVar[str] = _TOPIC
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "order_id"

    order_id: UUID
    store_id: str
    lots: list[ShippedLot]
    shipped_at: datetime

"""Goods that went from store to store."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class DispatchedLot(msgspec.Struct, frozen=True, kw_only=True):
    """One lot of one product that left."""

    gtin: str
    lot: str
    quantity_sticks: int
    production_date: str | None = None
    expiry_date: str | None = None


class TransferDispatched(Event, frozen=True, kw_only=True):
    """Goods left a store for another one; they are in transit until that store tells what came."""

    TYPE: ClassVar[str] = "inventory.transfer-dispatched.v1"
    TOPIC: ClassVar[str] = "inventory.transfer.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "transfer_id"

    transfer_id: UUID
    store_id: str
    to_store_id: str
    lines: list[DispatchedLot]
    dispatched_at: datetime


class ArrivedLot(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one lot of one product, and what was lost of it on the way."""

    gtin: str
    lot: str
    received_sticks: int
    lost_sticks: int


class TransferReceived(Event, frozen=True, kw_only=True):
    """Goods of a transfer came in, or were given up; `complete` when nothing more of it is on the way."""

    TYPE: ClassVar[str] = "inventory.transfer-received.v1"
    TOPIC: ClassVar[str] = "inventory.transfer.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "transfer_id"

    transfer_id: UUID
    store_id: str
    from_store_id: str
    complete: bool
    lines: list[ArrivedLot]
    received_at: datetime

"""Lots as tills need to know them, and the codes that stand on their cartons."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from humidor_common.events.base import Event


class LotChanged(Event, frozen=True, kw_only=True):
    """A lot in a store as it now is: told when it comes, goes, is held or released, or gets other dates.

    `lot_id` is `store_id/gtin/lot`. Nothing is told of a lot that neither expires nor is held, nor of each
    sale of one. `version` rises by one with each event of a lot; `held_since` is None where it is free.
    """

    TYPE: ClassVar[str] = "inventory.lot-changed.v1"
    TOPIC: ClassVar[str] = "inventory.lot.v1"
    KEY: ClassVar[str] = "lot_id"
    SUBJECT: ClassVar[str] = "lot_id"
    COMPACTED: ClassVar[bool] = True

    lot_id: str
    store_id: str
    gtin: str
    lot: str
    expiry_date: date | None
    held: bool
    held_since: datetime | None
    in_stock: bool
    version: int
    changed_at: datetime


class CartonsReceived(Event, frozen=True, kw_only=True):
    """The 32-character codes of cartons of one lot that came into a store, as they were scanned."""

    TYPE: ClassVar[str] = "inventory.cartons-received.v1"
    TOPIC: ClassVar[str] = "inventory.carton.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "receipt_id"

    receipt_id: UUID
    line: int
    store_id: str
    gtin: str
    lot: str
    codes: list[str]
    received_at: datetime

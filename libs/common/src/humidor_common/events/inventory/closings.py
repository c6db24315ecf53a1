"""What stores had when a month was over."""

from datetime import date, datetime
from typing import ClassVar

import msgspec

from humidor_common.events.base import Event


class ClosingStock(msgspec.Struct, frozen=True, kw_only=True):
    """What a store owned of a product, on hand and in quarantine; negative where it sold unbooked goods."""

    gtin: str
    owned_sticks: int


class StockClosed(Event, frozen=True, kw_only=True):
    """A month is over in a store, and this is what it had at the end of its last day.

    `closing_id` is `store_id/2026-10`; `month` is its first day. Products that the store has none of are left
    out. It is told again where something comes late for the month or for one before it; the newest holds.
    """

    TYPE: ClassVar[str] = "inventory.stock-closed.v1"
    TOPIC: ClassVar[str] = "inventory.stock-closing.v1"
    KEY: ClassVar[str] = "closing_id"
    SUBJECT: ClassVar[str] = "closing_id"
    COMPACTED: ClassVar[bool] = True

    closing_id: str
    store_id: str
    month: date
    products: list[ClosingStock]
    told_at: datetime

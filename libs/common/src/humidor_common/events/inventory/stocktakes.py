"""What was counted."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class CountedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What the books said of a product at the moment of its count, and what was counted."""

    gtin: str
    book_sticks: int
    counted_sticks: int


class StocktakeCompleted(Event, frozen=True, kw_only=True):
    """A stocktake was posted: the ledger has been adjusted by counted - book of each product."""

    TYPE: ClassVar[str] = "inventory.stocktake-completed.v1"
    TOPIC: ClassVar[str] = "inventory.stocktake.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "stocktake_id"

    stocktake_id: UUID
    store_id: str
    kind: Literal["full", "cycle"]
    blind: bool
    products: list[CountedProduct]
    lines: int
    accurate_lines: int
    net_variance_sticks: int
    absolute_variance_sticks: int
    approved_by: str
    posted_by: str
    posted_at: datetime

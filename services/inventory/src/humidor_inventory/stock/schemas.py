"""What callers see of stock."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from pydantic import BaseModel

from humidor_inventory.units.rules import Unit


class StockView(BaseModel):
    """Stock of one product in one store.

    Numbers without a unit in their name are whole `unit`s. `available` is on_hand - reserved + on_order;
    `sellable` is what sound lots hold today; `loose_sticks` is what on_hand has beyond whole units;
    `negative` marks that more was sold than the books had.
    """

    store_id: str
    gtin: str
    unit: Unit
    on_hand: int
    reserved: int
    on_order: int
    available: int
    reorder_point: int | None
    quarantined: int
    sellable: int
    on_hand_sticks: int
    loose_sticks: int
    shortfall_sticks: int
    negative: bool


class StockItem(msgspec.Struct):
    """A `StockView` as it is sent: there may be thousands a second."""

    store_id: str
    gtin: str
    unit: Unit
    on_hand: int
    reserved: int
    on_order: int
    available: int
    reorder_point: int | None
    quarantined: int
    sellable: int
    on_hand_sticks: int
    loose_sticks: int
    shortfall_sticks: int
    negative: bool


class LotView(BaseModel):
    """One lot in one store; the empty code is stock whose lot is not known."""

    store_id: str
    gtin: str
    lot: str
    status: str
    unit: Unit
    on_hand: int
    quarantined: int
    on_hand_sticks: int
    quarantined_sticks: int
    production_date: date | None
    expiry_date: date | None
    received_at: datetime | None
    held_since: datetime | None


class EntryView(BaseModel):
    """One entry of the ledger; `why` says in words what `explanation` says as a code."""

    entry_id: int
    store_id: str
    gtin: str
    lot: str
    bucket: str
    delta_sticks: int
    reason: str
    explanation: str
    why: str
    source_id: UUID
    line: int
    occurred_at: datetime
    recorded_at: datetime

"""What callers send and see of write-offs, of lots that are split or merged, and of a lot's trace."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from humidor_inventory.inputs import Gtin, Input, LotCode, Note, Quantity, StoreId
from humidor_inventory.units.rules import Unit

WriteOffReason = Literal[
    "damaged", "expired", "mould", "wet", "pests", "stolen", "sample", "seized", "recalled", "other"
]


class WriteOffInput(Input):
    """Goods that are gone for good; `evidence` says how anyone knows (report number, photos, witnesses)."""

    store_id: StoreId
    gtin: Gtin
    lot: LotCode | None = None
    bucket: Literal["on_hand", "quarantined"] = "on_hand"
    quantity: Quantity
    unit: Unit = "pack"
    reason_code: WriteOffReason
    evidence: Note


class WriteOffView(BaseModel):
    """A write-off as it was booked."""

    write_off_id: UUID
    store_id: str
    gtin: str
    lot: str
    bucket: str
    quantity_sticks: int
    reason_code: str
    evidence: str
    written_off_at: datetime
    written_off_by: str


class SplitInput(Input):
    """So much of a lot that becomes a lot of its own, with the same dates."""

    store_id: StoreId
    gtin: Gtin
    lot: LotCode
    new_lot: LotCode
    quantity: Quantity
    unit: Unit = "pack"
    reason: Note

    @model_validator(mode="after")
    def _check(self) -> "SplitInput":
        if self.lot == self.new_lot:
            raise ValueError("new_lot is another lot than lot")
        return self


class MergeInput(Input):
    """Lots that become one; it takes the earliest dates of them all."""

    store_id: StoreId
    gtin: Gtin
    lots: Annotated[list[LotCode], Field(min_length=1, max_length=100)]
    into: LotCode
    reason: Note

    @model_validator(mode="after")
    def _check(self) -> "MergeInput":
        if set(self.lots) == {self.into} or len(set(self.lots)) != len(self.lots):
            raise ValueError("lots are several, each named once")
        return self


class LotChangePart(BaseModel):
    """What went from one lot to another."""

    from_lot: str
    to_lot: str
    on_hand_sticks: int
    quarantined_sticks: int


class LotChangeView(BaseModel):
    """A split or a merge as it was booked, with the dates of the lot that came of it."""

    change_id: UUID
    kind: Literal["split", "merge"]
    store_id: str
    gtin: str
    parts: list[LotChangePart]
    production_date: date | None
    expiry_date: date | None
    reason: str
    changed_at: datetime
    changed_by: str


class TraceEntry(BaseModel):
    """One step in the life of a lot: the ledger's entry and what the document behind it tells.

    `source_id` is the receipt, transfer, sale, return, void, adjustment, write-off, split or merge. For a
    transfer `other_store_id` is the other end and `lost_sticks` what was lost of the lot on the way; for a
    split or merge `other_lot` is the other lot.
    """

    entry_id: int
    store_id: str
    lot: str
    bucket: str
    delta_sticks: int
    reason: str
    explanation: str
    source_id: UUID
    line: int
    occurred_at: datetime
    recorded_at: datetime
    other_store_id: str | None
    other_lot: str | None
    lost_sticks: int | None
    purchase_order_id: UUID | None
    reason_code: str | None
    note: str | None

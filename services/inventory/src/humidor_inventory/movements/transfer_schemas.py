"""What callers send and see of transfers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Gtin, Input, LotCode, Note, Quantity, StoreId
from humidor_inventory.units.rules import Unit

TransferState = Literal["planned", "dispatched", "partially_received", "received", "cancelled"]
Arrived = Annotated[int, Field(ge=0, le=1_000_000_000)]

_EXAMPLE: dict[str, JsonValue] = {
    "from_store_id": "W0001",
    "to_store_id": "S0001",
    "lines": [{"gtin": "06901028000017", "quantity": 5, "unit": "carton"}],
    "dispatch": True,
}


class TransferLine(Input):
    """So much of one product; without a lot the oldest sound lots go first."""

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "pack"
    lot: LotCode | None = None


class TransferInput(Input):
    """Goods that shall go from one store or warehouse to another; `dispatch` sends them at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    from_store_id: StoreId
    to_store_id: StoreId
    lines: Annotated[list[TransferLine], Field(min_length=1, max_length=1000)]
    dispatch: bool = False
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "TransferInput":
        if self.from_store_id == self.to_store_id:
            raise ValueError("to_store_id is another store than from_store_id")
        return self


class ArrivalLine(Input):
    """What came of one lot, and what is lost and why; the rest stays on the way."""

    gtin: Gtin
    lot: LotCode | Literal[""] | None = None
    received: Arrived = 0
    lost: Arrived = 0
    unit: Unit = "pack"
    reason: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "ArrivalLine":
        if not self.received and not self.lost:
            raise ValueError("something was received or is lost")
        if self.lost and not self.reason:
            raise ValueError("reason is needed where something is lost")
        return self


class ArrivalInput(Input):
    """What came in; without lines all that is on the way.

    `close_reason` gives up what has not come after this arrival and says why.
    """

    lines: Annotated[list[ArrivalLine], Field(min_length=1, max_length=1000)] | None = None
    close_reason: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "ArrivalInput":
        if self.close_reason and self.lines is None:
            raise ValueError("close_reason goes with lines: without lines everything came")
        return self


class PlannedLineView(BaseModel):
    """One line as it was asked for."""

    line: int
    gtin: str
    lot: str | None
    quantity_sticks: int


class ParcelView(BaseModel):
    """One lot of the transfer and where it is."""

    gtin: str
    lot: str
    production_date: date | None
    expiry_date: date | None
    dispatched_sticks: int
    received_sticks: int
    lost_sticks: int
    in_transit_sticks: int


class LossView(BaseModel):
    """What did not arrive, and why."""

    gtin: str
    lot: str
    lost_sticks: int
    reason: str
    recorded_at: datetime
    recorded_by: str


class TransferView(BaseModel):
    """A transfer as it is."""

    transfer_id: UUID
    from_store_id: str
    to_store_id: str
    state: TransferState
    note: str | None
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    closed_at: datetime | None
    closed_reason: str | None
    lines: list[PlannedLineView]
    parcels: list[ParcelView]
    losses: list[LossView]


class InTransitView(BaseModel):
    """What is on the way of one product between two stores; `in_transit` counts whole `unit`s."""

    from_store_id: str
    to_store_id: str
    gtin: str
    unit: Unit
    in_transit: int
    in_transit_sticks: int
    transfers: int
    oldest_dispatched_at: datetime

"""What callers send and see of receipts and adjustments."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from humidor_inventory.inputs import Day, Gtin, Input, LotCode, Minor, Note, Quantity, StoreId, Whole
from humidor_inventory.units.rules import Unit

CartonCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}[A-Z]{4}[0-9]{12}$")]
AdjustmentReason = Literal["count", "damage", "theft", "loss", "found", "correction", "quarantine", "release"]


_EXAMPLE: dict[str, JsonValue] = {
    "store_id": "S0001",
    "lines": [
        {
            "gtin": "06901028000017",
            "quantity": 10,
            "unit": "carton",
            "lot": "L2611A",
            "production_date": "2026-11-02",
        }
    ],
}


class ReceiptLine(Input):
    """One lot of one product; `codes` are the 32-character carton codes that were scanned with it.

    Without an expiry date it is the production date plus the product's shelf life. `damaged_quantity` of the
    quantity goes into quarantine. `price_minor` is what the invoice asks for one `unit`. A quantity that is
    doubted is booked with `confirm`.
    """

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "pack"
    lot: LotCode | None = None
    production_date: Day | None = None
    expiry_date: Day | None = None
    damaged_quantity: Whole = 0
    price_minor: Minor | None = None
    confirm: bool = False
    codes: Annotated[list[CartonCode], Field(max_length=1000, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "ReceiptLine":
        if self.production_date and self.expiry_date and self.expiry_date < self.production_date:
            raise ValueError("expiry_date is not before production_date")
        if self.damaged_quantity > self.quantity:
            raise ValueError("damaged_quantity is at most quantity")
        return self


class ShipmentDifference(Input):
    """How a line of a shipment came in otherwise than announced; in the unit of its line."""

    line: Annotated[int, Field(ge=1, le=5000)]
    quantity: Whole
    damaged_quantity: Whole = 0
    confirm: bool = False

    @model_validator(mode="after")
    def _check(self) -> "ShipmentDifference":
        if self.damaged_quantity > self.quantity:
            raise ValueError("damaged_quantity is at most quantity")
        return self


class ReceiptInput(Input):
    """Goods that came in, or the stock that a store opens with.

    With a shipment everything came as it was announced, but for the `differences`; `lines` came besides.
    `close_purchase_order` gives up what the order still lacks after this receipt.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    store_id: StoreId
    kind: Literal["purchase", "opening"] = "purchase"
    purchase_order_id: UUID | None = None
    shipment_id: UUID | None = None
    close_purchase_order: bool = False
    differences: Annotated[list[ShipmentDifference], Field(max_length=5000, default_factory=list)]
    lines: Annotated[list[ReceiptLine], Field(max_length=5000, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "ReceiptInput":
        if self.kind == "opening" and (self.purchase_order_id or self.shipment_id):
            raise ValueError("opening stock has no purchase order")
        if not self.lines and self.shipment_id is None:
            raise ValueError("lines are needed where no shipment is named")
        if self.differences and self.shipment_id is None:
            raise ValueError("differences go with a shipment_id")
        if len({each.line for each in self.differences}) != len(self.differences):
            raise ValueError("a line stands in differences more than once")
        return self


class Difference(BaseModel):
    """How far a product of the order is from what was ordered, after this receipt."""

    gtin: str
    ordered_sticks: int
    received_sticks: int
    difference_sticks: int


class ReceiptView(BaseModel):
    """A receipt."""

    receipt_id: UUID
    store_id: str
    kind: str
    purchase_order_id: UUID | None
    purchase_order_state: str | None = None
    shipment_id: UUID | None = None
    received_at: datetime
    received_by: str
    differences: list[Difference]
    lines: list["ReceivedLineView"]


class ReceivedLineView(BaseModel):
    """One line as it was booked."""

    line: int
    gtin: str
    lot: str
    quantity_sticks: int
    damaged_sticks: int = 0


class AdjustmentInput(Input):
    """A person's correction of one lot; `quantity` is signed.

    `quarantine` and `release` move that much (positive) between the shelf and quarantine; the others change
    the `bucket`.
    """

    store_id: StoreId
    gtin: Gtin
    lot: LotCode | None = None
    bucket: Literal["on_hand", "quarantined"] = "on_hand"
    quantity: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
    unit: Unit = "pack"
    reason_code: AdjustmentReason
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "AdjustmentInput":
        if self.quantity == 0:
            raise ValueError("quantity is not zero")
        if self.reason_code in ("quarantine", "release") and self.quantity < 0:
            raise ValueError("quantity is positive where goods move between shelf and quarantine")
        return self


class AdjustmentView(BaseModel):
    """An adjustment as it was booked; a move shows the bucket that it came into."""

    adjustment_id: UUID
    store_id: str
    gtin: str
    lot: str
    bucket: str
    delta_sticks: int
    reason_code: str
    note: str | None
    adjusted_at: datetime
    adjusted_by: str

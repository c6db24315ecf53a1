"""What callers send and see of returns to suppliers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from humidor_inventory.inputs import (
    Currency,
    Gtin,
    Input,
    Label,
    LotCode,
    Minor,
    Note,
    Quantity,
    StoreId,
    SupplierId,
)
from humidor_inventory.units.rules import Unit

ReturnReason = Literal["damaged", "quality", "expired", "recall", "wrong_delivery", "overstock", "other"]
ReturnState = Literal["draft", "dispatched", "credited", "cancelled"]
Bucket = Literal["on_hand", "quarantined"]

_EXAMPLE: dict[str, JsonValue] = {
    "store_id": "S0001",
    "supplier_id": "V0001",
    "reason": "damaged",
    "lines": [
        {
            "gtin": "06901028000017",
            "lot": "L2611A",
            "bucket": "quarantined",
            "quantity": 3,
            "unit": "carton",
        }
    ],
}


class ReturnLineInput(Input):
    """So much of one lot, from the shelf or from quarantine; the lot may be held or expired."""

    gtin: Gtin
    lot: LotCode | None = None
    bucket: Bucket = "on_hand"
    quantity: Quantity
    unit: Unit = "pack"


class ReturnInput(Input):
    """Goods that go back to their supplier; with `dispatch` they leave at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    store_id: StoreId
    supplier_id: SupplierId
    purchase_order_id: UUID | None = None
    reason: ReturnReason
    note: Note | None = None
    dispatch: bool = False
    lines: Annotated[list[ReturnLineInput], Field(min_length=1, max_length=1000)]


class CreditInput(Input):
    """What the supplier credited."""

    credit_note: Label
    credited_minor: Minor
    currency: Currency


class ReturnLineView(BaseModel):
    """One lot of a return."""

    line: int
    gtin: str
    lot: str
    bucket: Bucket
    quantity_sticks: int


class SupplierReturnView(BaseModel):
    """A return to a supplier; stock has left with `dispatched`."""

    supplier_return_id: UUID
    store_id: str
    supplier_id: str
    purchase_order_id: UUID | None
    state: ReturnState
    reason: ReturnReason
    note: str | None
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    dispatched_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    credit_note: str | None
    credited_minor: int | None
    currency: str | None
    lines: list[ReturnLineView]

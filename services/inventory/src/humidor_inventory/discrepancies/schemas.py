"""What callers send and see of discrepancies."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, model_validator

from humidor_inventory.inputs import Input, Minor, Note

DiscrepancyKind = Literal["short", "over", "wrong_product", "damaged", "price"]
DiscrepancyState = Literal["open", "resolved"]
Resolution = Literal["accept", "return", "claim"]


class ResolutionInput(Input):
    """What becomes of it: taken as it is, sent back (name the return) or claimed from the supplier."""

    resolution: Resolution
    note: Note
    claimed_minor: Minor | None = None
    supplier_return_id: UUID | None = None

    @model_validator(mode="after")
    def _check(self) -> "ResolutionInput":
        if (self.resolution == "claim") is not (self.claimed_minor is not None):
            raise ValueError("claimed_minor goes with the resolution claim")
        if self.supplier_return_id and self.resolution != "return":
            raise ValueError("supplier_return_id goes with the resolution return")
        return self


class DiscrepancyView(BaseModel):
    """A difference between what was ordered or announced and what came.

    `expected` and `actual` are sticks; of kind `price` they are minor units a unit of the order's line.
    """

    discrepancy_id: UUID
    store_id: str
    supplier_id: str | None
    purchase_order_id: UUID
    receipt_id: UUID | None
    gtin: str
    lot: str | None
    kind: DiscrepancyKind
    expected: int
    actual: int
    state: DiscrepancyState
    resolution: Resolution | None
    claimed_minor: int | None
    supplier_return_id: UUID | None
    note: str | None
    recorded_at: datetime
    recorded_by: str
    resolved_at: datetime | None
    resolved_by: str | None

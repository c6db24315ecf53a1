"""What callers send and see of reservations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from humidor_inventory.inputs import Gtin, Input, Label, Quantity, StoreId
from humidor_inventory.units.rules import Unit

ReservationState = Literal["active", "confirmed", "released", "expired"]
_MAX_SECONDS = 30 * 24 * 3600


class ReservationInput(Input):
    """Goods to keep for somebody; unless confirmed in time they are free again by themselves."""

    store_id: StoreId
    gtin: Gtin
    quantity: Quantity
    unit: Unit = "pack"
    expires_in_seconds: Annotated[int, Field(ge=1, le=_MAX_SECONDS)] = 1800
    reference: Label | None = None


class ReservationView(BaseModel):
    """A reservation as it is; `active` and `confirmed` ones keep goods back.

    One with an `order_id` belongs to a trade customer's order, and goes when that is delivered or cancelled.
    """

    reservation_id: UUID
    store_id: str
    gtin: str
    quantity_sticks: int
    state: ReservationState
    reference: str | None
    reserved_at: datetime
    reserved_by: str
    expires_at: datetime
    closed_at: datetime | None
    closed_reason: str | None
    order_id: UUID | None = None

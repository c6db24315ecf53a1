"""What callers see of suggestions; numbers carry their unit."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

SuggestionState = Literal["open", "approved", "rejected", "withdrawn"]


class ReplenishmentView(BaseModel):
    """A suggestion to order, with the inputs and the formula that led there; `quantity` is in packs.

    `shortfall_sticks` is what a supply cap keeps from being ordered.
    """

    replenishment_id: UUID
    store_id: str
    gtin: str
    state: SuggestionState
    unit: Literal["pack"] = "pack"
    quantity: int
    quantity_sticks: int
    on_hand_sticks: int
    reserved_sticks: int
    on_order_sticks: int
    available_sticks: int
    reorder_point_sticks: int
    order_up_to_sticks: int
    order_multiple_sticks: int
    minimum_order_sticks: int
    supply_cap_sticks: int | None
    shortfall_sticks: int
    formula: str
    alert_id: UUID
    purchase_order_id: UUID | None
    created_at: datetime
    updated_at: datetime
    decided_by: str | None
    decided_reason: str | None

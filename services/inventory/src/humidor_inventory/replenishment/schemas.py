"""What callers see of suggestions and purchase orders; numbers carry their unit."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from humidor_inventory.orders.rules import OrderState

SuggestionState = Literal["open", "approved", "rejected", "withdrawn"]


class ReplenishmentView(BaseModel):
    """A suggestion to order, with the inputs and the formula that led there; `quantity` is in packs."""

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
    formula: str
    alert_id: UUID
    purchase_order_id: UUID | None
    created_at: datetime
    updated_at: datetime
    decided_by: str | None
    decided_reason: str | None


class OrderLineView(BaseModel):
    """One product of an order; the difference is received minus ordered."""

    gtin: str
    ordered_sticks: int
    received_sticks: int
    difference_sticks: int


class PurchaseOrderView(BaseModel):
    """An order to a supplier."""

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    state: OrderState
    approved_by: str | None
    expected_on: date | None
    placed_at: datetime | None
    closed_at: datetime | None
    closed_reason: str | None
    lines: list[OrderLineView]

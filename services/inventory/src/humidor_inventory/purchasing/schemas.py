"""What callers send and see of purchase orders; numbers carry their unit."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Day, Gtin, Input, Minor, Note, Quantity, StoreId, SupplierId, Whole
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.units.rules import Unit

_ORDER: dict[str, JsonValue] = {
    "store_id": "S0001",
    "supplier_id": "V0001",
    "lines": [{"gtin": "06901028000017", "quantity": 12, "unit": "carton"}],
}
_AMENDMENT: dict[str, JsonValue] = {
    "reason": "the shop closes for a week",
    "lines": [{"gtin": "06901028000017", "quantity": 6, "unit": "carton"}],
}


class OrderLineInput(Input):
    """So much of a product; a quantity that is doubted is ordered with `confirm`."""

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "carton"
    confirm: bool = False


class OrderInput(Input):
    """An order that a person makes; without `submit` it stays a draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ORDER]})

    store_id: StoreId
    supplier_id: SupplierId | None = None
    expected_on: Day | None = None
    note: Note | None = None
    submit: bool = True
    lines: Annotated[list[OrderLineInput], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> "OrderInput":
        if len({line.gtin for line in self.lines}) != len(self.lines):
            raise ValueError("a product stands in lines more than once")
        return self


class AmendedLine(Input):
    """A line as it shall be; a quantity of 0 gives up what has not come in."""

    gtin: Gtin
    quantity: Whole
    unit: Unit = "carton"


class AmendmentInput(Input):
    """What changes of an order, and why; lines that are not named stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AMENDMENT]})

    reason: Note
    expected_on: Day | None = None
    lines: Annotated[list[AmendedLine], Field(max_length=1000, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "AmendmentInput":
        if not self.lines and self.expected_on is None:
            raise ValueError("lines or expected_on are needed")
        if len({line.gtin for line in self.lines}) != len(self.lines):
            raise ValueError("a product stands in lines more than once")
        return self


class OrderLineView(BaseModel):
    """One product of an order; the difference is received minus ordered, a price is for one `price_unit`.

    `requested_sticks` is what the buyer wants, `ordered_sticks` what the supplier agreed to deliver.
    """

    gtin: str
    requested_sticks: int
    ordered_sticks: int
    received_sticks: int
    difference_sticks: int
    price_minor: int | None
    price_unit: Unit | None
    price_source: Literal["price_list", "cost_price"] | None
    value_minor: int | None


class PurchaseOrderView(BaseModel):
    """An order to a supplier; `due_on` is the promised or else the expected day.

    `proposal` is what the supplier would deliver instead, until it is accepted or declined.
    """

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    state: OrderState
    origin: Literal["suggestion", "plan", "manual"]
    plan_id: UUID | None
    currency: str | None
    value_minor: int | None
    note: str | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    expected_on: date | None
    promised_on: date | None
    due_on: date | None
    placed_at: datetime | None
    confirmed_at: datetime | None
    supplier_reference: str | None
    proposal: dict[str, Any] | None
    shipped_at: datetime | None
    first_received_at: datetime | None
    last_received_at: datetime | None
    closed_at: datetime | None
    closed_reason: str | None
    version: int
    lines: list[OrderLineView]


class HistoryView(BaseModel):
    """One step of an order: what was done, the state after it, by whom and why."""

    action: str
    state: OrderState
    actor: str
    at: datetime
    reason: str | None
    changes: dict[str, Any] | None


class ExpectedLine(BaseModel):
    """What an order still awaits of one product."""

    gtin: str
    outstanding_sticks: int


class ExpectedShipment(BaseModel):
    """A shipment on its way."""

    shipment_id: UUID
    asn_number: str
    shipped_at: datetime
    expected_on: date | None
    carrier: str | None
    tracking: str | None


class ExpectedArrivalView(BaseModel):
    """An order whose goods are awaited; `late` by the date in the store."""

    purchase_order_id: UUID
    store_id: str
    supplier_id: str | None
    state: OrderState
    due_on: date
    promised: bool
    late: bool
    lines: list[ExpectedLine]
    shipments: list[ExpectedShipment]


class CalendarDayView(BaseModel):
    """What is due on a day."""

    day: date
    orders: int
    outstanding_sticks: int


class LimitsInput(Input):
    """Up to which value roles may approve orders of a currency; a role that is not named may approve any.

    From `four_eyes_minor` on another person than the maker has to approve.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"limits": {"manager": 5_000_000}, "four_eyes_minor": 2_000_000}]}
    )

    limits: Annotated[dict[str, Minor], Field(max_length=20)]
    four_eyes_minor: Minor | None = None


class LimitsView(BaseModel):
    """The limits of a currency."""

    currency: str
    limits: dict[str, int]
    four_eyes_minor: int | None
    version: int
    changed_at: datetime
    changed_by: str

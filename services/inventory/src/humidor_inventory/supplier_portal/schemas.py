"""What operators and suppliers' systems send and see."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from humidor_inventory.inputs import Day, Gtin, Input, Label, LotCode, Minor, Name, Quantity, Whole
from humidor_inventory.orders.rules import OrderState
from humidor_inventory.purchasing.schemas import OrderLineView
from humidor_inventory.receipts.schemas import CartonCode
from humidor_inventory.units.rules import Unit

AsnNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]

_SHIPMENT: dict[str, JsonValue] = {
    "purchase_order_id": "0190a6f2-7c1e-7000-8000-000000000001",
    "shipped_at": "2026-11-26T08:00:00+08:00",
    "lines": [
        {
            "gtin": "06901028000017",
            "quantity": 12,
            "unit": "carton",
            "lot": "L2611A",
            "production_date": "2026-11-02",
        }
    ],
}


class KeyInput(Input):
    """What a key is for."""

    name: Name


class KeyView(BaseModel):
    """A supplier's key, without the key."""

    key_id: str
    supplier_id: str
    name: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class NewKey(KeyView):
    """A key just made; `key` is shown this once."""

    key: str


class WebhookInput(Input):
    """Where the supplier's system wants to be told of orders and returns."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=500, pattern=r"^https?://[\x21-\x7e]+$")]
    enabled: bool = True


class WebhookView(BaseModel):
    """A supplier's webhook; `secret` (Standard Webhooks) is shown when it is made or the URL changes."""

    supplier_id: str
    url: str
    enabled: bool
    version: int
    changed_at: datetime
    changed_by: str
    secret: str | None = None


class NoticeView(BaseModel):
    """A message to the supplier, and what became of it."""

    delivery_id: UUID
    topic: str
    subject: str
    state: Literal["pending", "sent", "parked", "dropped"]
    attempts: int
    created_at: datetime
    settled_at: datetime | None
    reason: str | None


class PortalOrderView(BaseModel):
    """An order as its supplier sees it."""

    purchase_order_id: UUID
    store_id: str
    state: OrderState
    currency: str | None
    value_minor: int | None
    expected_on: date | None
    promised_on: date | None
    placed_at: datetime | None
    confirmed_at: datetime | None
    supplier_reference: str | None
    proposal: dict[str, Any] | None
    version: int
    lines: list[OrderLineView]


class ConfirmedLine(Input):
    """How much of a line will be delivered, and at which price a `price_unit` where it is another."""

    gtin: Gtin
    quantity: Whole
    unit: Unit = "carton"
    price_minor: Minor | None = None


class ConfirmationInput(Input):
    """What the supplier will deliver; lines that are not named as ordered."""

    promised_on: Day | None = None
    supplier_reference: Label | None = None
    lines: Annotated[list[ConfirmedLine], Field(max_length=1000, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "ConfirmationInput":
        if len({line.gtin for line in self.lines}) != len(self.lines):
            raise ValueError("a product stands in lines more than once")
        return self


class ShipmentLineInput(Input):
    """One lot of one product that was sent."""

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "carton"
    lot: LotCode | None = None
    production_date: Day | None = None
    expiry_date: Day | None = None
    codes: Annotated[list[CartonCode], Field(max_length=1000, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "ShipmentLineInput":
        if self.production_date and self.expiry_date and self.expiry_date < self.production_date:
            raise ValueError("expiry_date is not before production_date")
        return self


class ShipmentInput(Input):
    """Goods of one order that were sent (advance shipping notice)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHIPMENT]})

    purchase_order_id: UUID
    shipped_at: Annotated[
        AwareDatetime,
        Field(
            ge=datetime.fromisoformat("1990-01-01T00:00:00+00:00"),
            le=datetime.fromisoformat("2200-01-01T00:00:00+00:00"),
        ),
    ]
    expected_on: Day | None = None
    carrier: Label | None = None
    tracking: Label | None = None
    lines: Annotated[list[ShipmentLineInput], Field(min_length=1, max_length=5000)]


class ShipmentLineView(BaseModel):
    """One lot of a shipment; a receipt names its `line` where it came otherwise."""

    line: int
    gtin: str
    lot: str | None
    quantity: int
    unit: Unit
    quantity_sticks: int
    production_date: date | None
    expiry_date: date | None
    codes: list[str]


class ShipmentView(BaseModel):
    """A shipment: announced, received with `receipt_id`, or withdrawn."""

    shipment_id: UUID
    supplier_id: str
    asn_number: str
    purchase_order_id: UUID
    store_id: str
    state: Literal["announced", "received", "withdrawn"]
    shipped_at: datetime
    expected_on: date | None
    carrier: str | None
    tracking: str | None
    announced_at: datetime
    announced_by: str
    receipt_id: UUID | None
    lines: list[ShipmentLineView]

"""What callers send and see of suppliers and their prices."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Contactable, Currency, Day, Gtin, Input, Label, Minor, Name, Note, Whole
from humidor_inventory.units.rules import Unit

LeadTimeDays = Annotated[int, Field(ge=0, le=3650)]

_PRICES: dict[str, JsonValue] = {
    "prices": [
        {
            "gtin": "06901028000017",
            "valid_from": "2026-11-01",
            "currency": "CNY",
            "unit": "carton",
            "steps": [
                {"minimum_quantity": 0, "price_minor": 18_000},
                {"minimum_quantity": 50, "price_minor": 17_500},
            ],
        }
    ]
}


class Contact(Input):
    """Whom to turn to at the supplier, and for what."""

    name: Name
    role: Label | None = None
    email: Contactable | None = None
    phone: Contactable | None = None
    note: Note | None = None


class SupplierInput(Input):
    """A supplier as it shall be.

    Orders and levels count with the lead time that receipts have shown, from five deliveries on, unless
    `lead_time_source` is `stated`. What comes in beyond an order by more than `over_receipt_percent` is asked
    about or refused.
    """

    name: Name
    lead_time_days: LeadTimeDays = 7
    lead_time_source: Literal["measured", "stated"] = "measured"
    status: Literal["active", "inactive"] = "active"
    contacts: Annotated[list[Contact], Field(max_length=50, default_factory=list)]
    currency: Currency | None = None
    payment_terms_days: Annotated[int, Field(ge=0, le=730)] | None = None
    over_receipt: Literal["ask", "refuse"] = "ask"
    over_receipt_percent: Annotated[int, Field(ge=0, le=1000)] = 20


class SupplierView(BaseModel):
    """A supplier as it is; `planned_lead_time_days` is what orders and levels count with."""

    supplier_id: str
    name: str
    lead_time_days: int
    lead_time_source: Literal["measured", "stated"]
    planned_lead_time_days: float
    measured_lead_time_days: float | None
    measured_lead_time_sd_days: float | None
    measured_deliveries: int
    measured_at: datetime | None
    status: str
    contacts: list[Contact]
    currency: str | None
    payment_terms_days: int | None
    over_receipt: Literal["ask", "refuse"]
    over_receipt_percent: int
    version: int
    changed_at: datetime


class PriceStep(Input):
    """The price of one unit from so many units on."""

    minimum_quantity: Whole = 0
    price_minor: Minor


class PriceItem(Input):
    """A product's price from a day on; until the next one begins, or the day after `valid_until`."""

    gtin: Gtin
    valid_from: Day
    valid_until: Day | None = None
    currency: Currency
    unit: Unit = "carton"
    steps: Annotated[list[PriceStep], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _check(self) -> "PriceItem":
        if self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("valid_until is not before valid_from")
        if len({step.minimum_quantity for step in self.steps}) != len(self.steps):
            raise ValueError("a minimum_quantity stands in steps more than once")
        return self


class PriceList(Input):
    """Up to 1,000 prices; each replaces what was set for its product and `valid_from`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PRICES]})

    prices: Annotated[list[PriceItem], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> "PriceList":
        if len({(each.gtin, each.valid_from) for each in self.prices}) != len(self.prices):
            raise ValueError("a product and valid_from stand in prices more than once")
        return self


class PriceView(BaseModel):
    """One step of a supplier's price for a product."""

    supplier_id: str
    gtin: str
    valid_from: date
    valid_until: date | None
    minimum_sticks: int
    price_minor: int
    unit: Unit
    currency: str
    changed_at: datetime
    changed_by: str

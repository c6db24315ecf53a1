"""What callers send and see of limited supply, order cycles, lanes and priorities."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Input
from humidor_inventory.units.rules import Unit

Rule = Literal["proportional", "priority", "max_min"]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Whole = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=365)]

_SUPPLY: dict[str, JsonValue] = {
    "quantity": 1200,
    "unit": "carton",
    "rule": "max_min",
    "valid_from": "2026-11-23",
    "valid_until": "2026-11-29",
}
_CYCLE: dict[str, JsonValue] = {
    "order_weekdays": [1, 4],
    "minimum_value_minor": 500_000,
    "below_minimum": "top_up",
    "top_up_days": 14,
}
_LANE: dict[str, JsonValue] = {"minor_per_carton": 120, "fixed_minor": 3000, "days": 1}


class SupplyInput(Input):
    """How much of a product suppliers deliver in a period, and by which rule the stores share it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUPPLY]})

    quantity: Whole
    unit: Unit = "carton"
    rule: Rule = "proportional"
    valid_from: date
    valid_until: date

    @model_validator(mode="after")
    def _check(self) -> "SupplyInput":
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until is not before valid_from")
        return self


class SupplyView(BaseModel):
    """A limited supply; `ordered_sticks` of it are in orders of its days, placed or waiting for approval."""

    gtin: str
    quantity_sticks: int
    ordered_sticks: int
    left_sticks: int
    rule: Rule
    valid_from: date
    valid_until: date
    version: int
    changed_at: datetime


class CycleInput(Input):
    """When a supplier takes orders, and the least that one store's order brings.

    Money is in the supplier's currency; prices in another one do not count towards `minimum_value_minor`.
    Weekdays from 1 (Monday) to 7; none is every day. An order below the minimum is topped up with what will
    be needed within `top_up_days`, or postponed to the next order day.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_CYCLE]})

    order_weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7, default_factory=list)
    ]
    minimum_value_minor: Minor = 0
    minimum_sticks: Annotated[int, Field(ge=0, le=10**12)] = 0
    below_minimum: Literal["top_up", "postpone"] = "top_up"
    top_up_days: Days = 14
    delivery_minor_per_carton: Minor = 0


class CycleView(BaseModel):
    """A supplier's order cycle."""

    supplier_id: str
    order_weekdays: list[int]
    minimum_value_minor: int
    minimum_sticks: int
    below_minimum: Literal["top_up", "postpone"]
    top_up_days: int
    delivery_minor_per_carton: int
    version: int
    changed_at: datetime


class LaneInput(Input):
    """What it costs, and how many days it takes, to send goods from one store or warehouse to another."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LANE]})

    minor_per_carton: Minor
    fixed_minor: Minor = 0
    days: Days = 1


class LaneView(BaseModel):
    """A lane on which plans may move goods."""

    from_store_id: str
    to_store_id: str
    minor_per_carton: int
    fixed_minor: int
    days: int
    version: int
    changed_at: datetime


class PriorityInput(Input):
    """A store's rank where supply is shared by priority: 1 is served first; without one it is 100."""

    priority: Annotated[int, Field(ge=1, le=1000)]


class PriorityView(BaseModel):
    """A store's rank."""

    store_id: str
    priority: int
    changed_at: datetime

"""What callers send and see of order plans."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Input, Minor
from humidor_customers.catalogue.rules import Unit
from humidor_customers.inputs import Gtin, RetailerId
from humidor_customers.plans.rules import Basis

MOST_PRODUCTS = 500


class Holding(Input):
    """What a customer has of a product."""

    gtin: Gtin
    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    unit: Unit = "carton"


class PlanInput(Input):
    """Whose plan, from which stock and with how much money.

    Products are those that the customer has ordered in the last cycles, that a forecast of its stores names,
    or that it holds. What nothing is said of counts as not in stock. Without a budget the credit that is left
    bounds it, where the customer has one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "retailer_id": "C1",
                    "stock": [{"gtin": "06901028000017", "quantity": 3}],
                    "budget_minor": 500000,
                }
            ]
        }
    )

    retailer_id: RetailerId
    cycle_id: UUID | None = None
    stock: Annotated[list[Holding], Field(max_length=MOST_PRODUCTS)] = Field(default_factory=list)
    budget_minor: Minor | None = None
    service_target: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95

    @model_validator(mode="after")
    def _check(self) -> "PlanInput":
        if len({each.gtin for each in self.stock}) < len(self.stock):
            raise ValueError("a product stands in the stock more than once")
        return self


class PlanCut(BaseModel):
    """What is needed and not planned, and why."""

    code: Literal["product-cap", "segment-cap", "budget"]
    sticks: int


class PlanLine(BaseModel):
    """One product, in sticks: what there is, what sells, what is needed, wanted and allowed.

    `requested_sticks` is what is needed within the budget, `ordered_sticks` what the caps leave of it.
    """

    gtin: str
    name: str
    on_hand_sticks: int
    stock_known: bool
    on_order_sticks: int
    demand_basis: Basis
    mean_per_day_sticks: float
    sd_per_day_sticks: float
    level_sticks: int
    needed_sticks: int
    cap_left_sticks: int | None
    requested_sticks: int
    ordered_sticks: int
    cuts: list[PlanCut]
    sticks_per_carton: int
    value_minor: int
    days_of_cover_after: float | None


class PlanView(BaseModel):
    """An order plan; `order_id` once it was confirmed."""

    plan_id: UUID
    retailer_id: str
    cycle_id: UUID
    review_days: int
    lead_time_days: int
    service_target: float
    budget_minor: int | None
    currency: str | None
    value_minor: int
    left_out: dict[str, str]
    order_id: UUID | None
    made_at: datetime
    made_by: str
    lines: list[PlanLine]


class Replaced(Input):
    """Another quantity of a product than the plan's; 0 leaves it out."""

    gtin: Gtin
    cartons: Annotated[int, Field(ge=0, le=1_000_000)]


class Confirmation(Input):
    """That the plan shall be ordered, with what a person changed in it."""

    quantities: Annotated[list[Replaced], Field(max_length=MOST_PRODUCTS)] = Field(default_factory=list)

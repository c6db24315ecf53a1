"""What callers send and see of order plans of trade customers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Gtin, Input
from humidor_inventory.policies.amounts import DemandInput, Service
from humidor_inventory.policies.schemas import PolicyAnswer
from humidor_inventory.units.rules import Unit

Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[float, Field(ge=0, le=366, allow_inf_nan=False)]
_EXAMPLE: dict[str, JsonValue] = {
    "unit": "carton",
    "lead_time_days": 2,
    "review_days": 7,
    "service": {"kind": "cycle", "target": 0.95},
    "budget_minor": 2_000_000,
    "items": [
        {
            "gtin": "06901028000017",
            "on_hand": 12,
            "on_order": 0,
            "demand": {"mean_per_day": 3, "sd_per_day": 1.5},
            "supply_cap": 20,
            "unit_price_minor": 18_000,
        }
    ],
}


class OrderPlanItem(Input):
    """One product of the customer, in the plan's unit; `supply_cap` is what the strategy allows this time."""

    gtin: Gtin
    on_hand: Amount
    on_order: Amount = 0
    demand: DemandInput
    order_multiple: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    minimum_order: Amount = 0
    supply_cap: Amount | None = None
    unit_price_minor: Annotated[int, Field(ge=0, le=10**12)] = 0


class OrderPlanInput(Input):
    """Up to 1,000 products that one customer orders at once; nothing is stored.

    The level of each is that of the policy `R_S` (docs/inventory/levels.md). The budget buys first what runs
    out first. `explain` answers with every figure of the levels as well.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    unit: Unit = "carton"
    lead_time_days: Days
    lead_time_sd_days: Days = 0
    review_days: Annotated[float, Field(gt=0, le=366, allow_inf_nan=False)]
    service: Service = Service(kind="cycle", target=0.95)
    budget_minor: Annotated[int, Field(ge=0, le=10**15)] | None = None
    explain: bool = False
    items: Annotated[list[OrderPlanItem], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> "OrderPlanInput":
        if len({item.gtin for item in self.items}) != len(self.items):
            raise ValueError("a product stands in the plan more than once")
        return self


class CutView(BaseModel):
    """What is not ordered though it is needed, and why."""

    code: Literal["supply_cap", "budget"]
    quantity: int


class OrderPlanLine(BaseModel):
    """What to order of one product; days of cover are null where nothing is sold."""

    gtin: str
    position: int
    level: int
    needed: int
    quantity: int
    value_minor: int
    shortfall: int
    cuts: list[CutView]
    days_of_cover: float | None
    days_of_cover_after: float | None
    explanation: PolicyAnswer | None


class OrderPlanView(BaseModel):
    """The order plan, in the order sent."""

    unit: Unit
    lines: list[OrderPlanLine]
    value_minor: int
    value_needed_minor: int
    budget_minor: int | None

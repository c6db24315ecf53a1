"""What callers send and see of policies."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from humidor_inventory.inputs import Gtin, Input, StoreId
from humidor_inventory.policies.amounts import Costs, DemandInput, Service, Times
from humidor_inventory.units.rules import Unit

PolicyKind = Literal["min_max", "s_S", "r_Q", "R_S", "eoq", "newsvendor"]
Whole = Annotated[int, Field(ge=0, le=1_000_000_000)]
_EXAMPLE: dict[str, JsonValue] = {
    "policy": "R_S",
    "demand": {"mean_per_day": 12, "sd_per_day": 5},
    "lead_time_days": 2,
    "review_days": 7,
    "service": {"kind": "fill", "target": 0.98},
    "order_multiple": 10,
}


class PolicyInput(Costs, Times):
    """How one product's level is to be set. Goods are in `unit`, money in minor units of one currency.

    `min_max`, `s_S`, `r_Q` and `eoq` order at a reorder point; `R_S` and `newsvendor` once a review period.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    policy: PolicyKind
    unit: Unit = "pack"
    demand: DemandInput
    service: Service | None = None
    order_multiple: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    minimum_order: Whole = 0
    supply_cap: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    order_quantity: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None


class StoredPolicyInput(PolicyInput):
    """A policy that sets a store's level.

    What is left out comes from the product and its supplier: lead time, order multiple and shelf life.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"auto_approve": False}]})

    auto_approve: bool = False


class PolicyBatch(Input):
    """Up to 1,000 policies to calculate; nothing is stored."""

    items: Annotated[list[PolicyInput], Field(min_length=1, max_length=1000)]


class StepView(BaseModel):
    """One figure on the way, with its unit and formula."""

    name: str
    value: float
    unit: str
    formula: str


class AdjustmentView(BaseModel):
    """A figure that was rounded or capped, and why."""

    kind: str
    before: float
    after: float
    unit: str
    reason: str


class DistributionView(BaseModel):
    """The distribution of demand, and why this one."""

    family: str
    reason: str
    demand_class: str
    adi: float
    cv2: float


class ReachedView(BaseModel):
    """The service asked for and what the level gives; `lost_to_cap` is what a supply cap takes from it."""

    kind: str
    asked: float | None
    reached: float
    without_cap: float | None
    lost_to_cap: float | None
    extra_stock_to_make_up: int | None
    note: str


class LevelFiguresView(BaseModel):
    """What is set as the level, in `unit`."""

    reorder_point: int
    order_up_to: int
    order_multiple: int
    minimum_order: int


class PolicyAnswer(BaseModel):
    """A policy's figures in whole units, and how they came about."""

    policy: PolicyKind
    unit: Unit
    reorder_point: int
    order_up_to: int
    order_quantity: int | None
    safety_stock: float
    level: LevelFiguresView
    inputs: dict[str, JsonValue]
    formula: str
    source: str
    distribution: DistributionView
    steps: list[StepView]
    adjustments: list[AdjustmentView]
    service: ReachedView


class PolicyAnswers(BaseModel):
    """One answer for each item, in the order sent."""

    results: list[PolicyAnswer]


class PolicyRow(BaseModel):
    """A stored policy in a list."""

    store_id: str
    gtin: str
    policy: PolicyKind
    unit: Unit
    reorder_point: int
    order_up_to: int
    order_quantity: int | None
    version: int
    changed_at: datetime
    calculated_at: datetime


class PolicyView(BaseModel):
    """A stored policy: the parameters as given, and the answer that set the level.

    `origin` names the forecast or history it rests on. `refusal` says why the last calculation had no answer,
    so that the level stayed as it was.
    """

    store_id: str
    gtin: str
    parameters: StoredPolicyInput
    answer: PolicyAnswer
    origin: dict[str, JsonValue] | None
    refusal: dict[str, JsonValue] | None
    version: int
    changed_at: datetime
    calculated_at: datetime


class RecalculateInput(Input):
    """The store whose policies are calculated anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"store_id": "S0001"}]})

    store_id: StoreId


class Refused(BaseModel):
    """A policy whose level stays as it was, and why."""

    store_id: StoreId
    gtin: Gtin
    field: str
    message: str


class Recalculated(BaseModel):
    """What became of a store's policies; `changed` are the products whose level is another now."""

    store_id: str
    calculated: int
    changed: list[str]
    refused: list[Refused]

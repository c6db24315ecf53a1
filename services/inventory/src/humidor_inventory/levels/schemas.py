"""What callers send and see of levels."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Gtin, Input, StoreId
from humidor_inventory.units.rules import Unit

Level = Annotated[int, Field(ge=0, le=1_000_000_000)]
_EXAMPLE: dict[str, JsonValue] = {
    "reorder_point": 40,
    "order_up_to": 120,
    "unit": "pack",
    "order_multiple": 10,
}


class LevelInput(Input):
    """When to order, and up to how much; every number in `unit`.

    Suggestions are whole multiples of `order_multiple`, at least `minimum_order`. With `auto_approve` a
    suggestion becomes a purchase order at once. At most `supply_cap` is ordered at once or, with `cap_days`,
    within so many days. A plan looks at it every `review_days`; 0 is every day.
    `demand_per_day` tells it what will be needed soonest.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    reorder_point: Level
    order_up_to: Level
    unit: Unit = "pack"
    order_multiple: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    minimum_order: Level = 0
    auto_approve: bool = False
    supply_cap: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    cap_days: Annotated[int, Field(ge=0, le=366)] = 0
    review_days: Annotated[int, Field(ge=0, le=366)] = 0
    demand_per_day: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _check(self) -> "LevelInput":
        if self.order_up_to < self.reorder_point:
            raise ValueError("order_up_to is at least reorder_point")
        if self.supply_cap is not None and self.supply_cap < max(
            self.order_multiple or 1, self.minimum_order
        ):
            raise ValueError("supply_cap lets through at least order_multiple and minimum_order")
        if self.cap_days and self.supply_cap is None:
            raise ValueError("cap_days goes with supply_cap")
        return self


class LevelItem(LevelInput):
    """A level of a batch."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"store_id": "S0001", "gtin": "06901028000017", **_EXAMPLE}]}
    )

    store_id: StoreId
    gtin: Gtin


class LevelBatch(Input):
    """Up to 1,000 levels, each store and product once; all are set or none."""

    levels: Annotated[list[LevelItem], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check_repeats(self) -> "LevelBatch":
        if len({(level.store_id, level.gtin) for level in self.levels}) != len(self.levels):
            raise ValueError("a store and product stand in the batch more than once")
        return self


class LevelView(BaseModel):
    """A level as it is, in its own unit and in sticks."""

    store_id: str
    gtin: str
    unit: Unit
    reorder_point: int
    order_up_to: int
    order_multiple: int
    minimum_order: int
    auto_approve: bool
    supply_cap: int | None
    cap_days: int
    review_days: int
    demand_per_day: float | None
    reorder_point_sticks: int
    order_up_to_sticks: int
    order_multiple_sticks: int
    minimum_order_sticks: int
    supply_cap_sticks: int | None
    version: int
    changed_at: datetime


class LevelResults(BaseModel):
    """The levels as they are now, in the order sent."""

    results: list[LevelView]

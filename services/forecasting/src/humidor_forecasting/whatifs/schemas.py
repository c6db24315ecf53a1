"""What callers send and see of a what-if."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from humidor_common.web.inputs import Day, Input, Label
from humidor_forecasting.aggregates.schemas import ScopeInput, SumView


class PriceChange(Input):
    """One of: a change in percent, a new price of a pack, a tax on a pack, `pass_through` of which is paid.

    From `starts_on` on; without it on all days.
    """

    percent: Annotated[float, Field(gt=-100, le=1000)] | None = None
    per_pack_minor: Annotated[int, Field(ge=1, le=10**12)] | None = None
    tax_per_pack_minor: Annotated[int, Field(ge=-(10**12), le=10**12)] | None = None
    pass_through: Annotated[float, Field(ge=0, le=2)] = 1.0
    starts_on: Day | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "PriceChange":
        given = (self.percent, self.per_pack_minor, self.tax_per_pack_minor)
        if sum(each is not None for each in given) != 1:
            raise ValueError("give one of percent, per_pack_minor and tax_per_pack_minor")
        return self


class PlannedPromotion(Input):
    """A promotion that might be: its mechanic as past ones are called, and its discount if it has one."""

    mechanic: Label
    discount_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _check_days(self) -> "PlannedPromotion":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        return self


class StatedElasticity(Input):
    """By how many percent demand changes where the price rises by one, and how sure that is."""

    value: Annotated[FiniteFloat, Field(ge=-10, le=5)]
    standard_error: Annotated[FiniteFloat, Field(ge=0, le=5)] = 0.0


class WhatIfInput(ScopeInput):
    """Which series, and what would be different; all series where none are named."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"store_ids": ["S0001"], "gtins": ["06901028075763"], "price": {"tax_per_pack_minor": 100}}
            ]
        }
    )

    price: PriceChange | None = None
    promotion: PlannedPromotion | None = None
    elasticity: StatedElasticity | None = None
    horizon_days: Annotated[int, Field(ge=1, le=366)] | None = None

    @model_validator(mode="after")
    def _check_change(self) -> "WhatIfInput":
        if self.price is None and self.promotion is None:
            raise ValueError("give a price or a promotion: without either nothing changes")
        return self


class EffectView(BaseModel):
    """What moves demand, with its 95 % interval and where it comes from.

    An elasticity is one of demand to price; a promotion's effect the logarithm of how many times demand is
    what it would have been. `between_series` is how far single series differ from it (standard deviation).
    """

    value: float
    standard_error: float
    between_series: float
    low: float
    high: float
    source: str
    observations: int
    reasons: list[str]


class ChangeQuantileView(BaseModel):
    """With this probability the total changes by at most so many percent."""

    probability: float
    percent: float


class SeriesChangeView(BaseModel):
    """A series: prices of a pack in minor units (None where unknown), and demand over all days, both ways."""

    store_id: str
    gtin: str
    price_minor: float | None
    new_price_minor: float | None
    published_mean_sticks: float
    changed_mean_sticks: float


class WhatIfView(BaseModel):
    """Demand as it was published and as it would be, from the same draws; nothing of it is kept.

    `change_percent` is that of the total, mean and quantiles. `formula` says how, `reasons` what to mind:
    prices never seen before, effects that are not in it.
    """

    starts_on: date
    horizon_days: int
    series: list[SeriesChangeView]
    published: SumView
    changed: SumView
    change_percent: float
    change_quantiles: list[ChangeQuantileView]
    elasticity: EffectView | None
    promotion: EffectView | None
    formula: list[str]
    reasons: list[str]

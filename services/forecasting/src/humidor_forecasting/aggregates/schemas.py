"""What callers see of forecasts of many series together."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from humidor_common.web.inputs import Input, Name, StoreId
from humidor_forecasting.demand.schemas import Channel
from humidor_forecasting.forecasts.schemas import QuantileView
from humidor_forecasting.inputs import Gtin


class ScopeInput(Input):
    """Which series: of some stores or an area, and of some products, a brand or a price class; else all.

    `channel` is `retail` for what stores sell, `trade` for what warehouses deliver to them.
    """

    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=500)] | None = None
    area: Name | None = None
    gtins: Annotated[list[Gtin], Field(min_length=1, max_length=500)] | None = None
    brand: Name | None = None
    price_class: Name | None = None
    channel: Channel = "both"

    @model_validator(mode="after")
    def _check_levels(self) -> "ScopeInput":
        if self.store_ids is not None and self.area is not None:
            raise ValueError("give store_ids or an area")
        if sum(each is not None for each in (self.gtins, self.brand, self.price_class)) > 1:
            raise ValueError("give one of gtins, brand and price_class")
        return self


class SumDayView(BaseModel):
    """Demand of a day."""

    day: date
    mean_sticks: float
    quantiles: list[QuantileView]


class SumView(BaseModel):
    """Demand of each day, and of all days together: its quantiles are not sums of the days'."""

    days: list[SumDayView]
    total_mean_sticks: float
    total_quantiles: list[QuantileView]


class PartView(SumView):
    """A part of the whole, by what was asked `by`; empty where the catalogue does not say."""

    key: str


class AggregateForecastView(BaseModel):
    """Published forecasts added up over `series` series, and the same by parts.

    Means of the parts add up to the whole's. Quantiles of both are of the same draws, `method` says how;
    `together` is the correlation of series within a day that was measured, `within` that of one forecast's
    days. `notes` say what is not in it.
    """

    store_level: str
    product_level: str
    by: str
    starts_on: date | None
    horizon_days: int
    series: int
    whole: SumView | None
    parts: list[PartView]
    method: str
    together: float
    within: float
    notes: list[str]

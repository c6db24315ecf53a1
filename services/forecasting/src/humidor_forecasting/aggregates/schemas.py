"""What callers see of forecasts of many series together."""

from datetime import date

from pydantic import BaseModel

from humidor_forecasting.forecasts.schemas import QuantileView


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

"""What callers see of forecasts."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel


class QuantileView(BaseModel):
    """With this probability demand is at most so many sticks."""

    probability: float
    quantity_sticks: float


class ForecastDayView(BaseModel):
    """Demand of the day, or (cumulative) of all `days` days up to it."""

    day: date
    days: int
    mean_sticks: float
    quantiles: list[QuantileView]


class ForecastView(BaseModel):
    """The newest forecast of a store and product, as `forecasting` published it."""

    store_id: str
    gtin: str
    forecast_id: UUID
    model: str
    model_version: str
    data_until: datetime
    issued_at: datetime
    starts_on: date
    horizon_days: int
    days: list[ForecastDayView]
    cumulative: list[ForecastDayView]

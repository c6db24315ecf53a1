"""Facts that `forecasting` tells."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class DayDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Demand of one day (ISO date, store-local): its mean, and a quantile for each of the probabilities."""

    day: str
    mean_sticks: float
    quantiles_sticks: list[float]


class SpanDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Demand of the first `days` days together; quantiles of days do not add up to these."""

    days: int
    mean_sticks: float
    quantiles_sticks: list[float]


class ForecastPublished(Event, frozen=True, kw_only=True):
    """Demand of one product in one store for `horizon_days` days from `starts_on` (store-local ISO date).

    `probabilities` rise, and every list of quantiles goes with them. `days` holds each day of the horizon,
    `cumulative` the sums over 1 to `horizon_days` days, in order. The model saw what happened until
    `data_until`. Of two forecasts of a series the one issued later counts, whatever the order they come in.
    """

    TYPE: ClassVar[str] = "forecasting.forecast-published.v1"
    TOPIC: ClassVar[str] = "forecasting.forecast.v1"
    KEY: ClassVar[str] = "series_id"
    SUBJECT: ClassVar[str] = "series_id"
    COMPACTED: ClassVar[bool] = True

    forecast_id: UUID
    store_id: str
    gtin: str
    model: str
    model_version: str
    data_until: datetime
    issued_at: datetime
    starts_on: str
    horizon_days: int
    probabilities: list[float]
    days: list[DayDemand]
    cumulative: list[SpanDemand]

    @property
    def series_id(self) -> str:
        """Name the series: its newest forecast is what the compacted topic keeps."""
        return f"{self.store_id}/{self.gtin}"

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


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with the bounds between which it lies with the probability that the event names."""

    value: float
    low: float
    high: float


class PromotionEvaluated(Event, frozen=True, kw_only=True):
    """What a promotion sold that would not have been sold without it, beside what was expected without it.

    `promotion_id` is the campaign's id where `customers` ran it, `<id>/<name>` of one of its variants alone.
    Figures are over all its stores and days:
    `uplift_sticks` in the promoted products, `cannibalised_sticks` lost by others of the stores,
    `pulled_forward_sticks` lost after its end, `profit_minor` what remains of all of it after `cost_minor`;
    None where it could not be told. `placebo_p` is the share of stores without it that would have shown as
    much. `reasons` are codes of what stands against the figures. A later `evaluated_at` counts.
    """

    TYPE: ClassVar[str] = "forecasting.promotion-evaluated.v1"
    TOPIC: ClassVar[str] = "forecasting.promotion.v1"
    KEY: ClassVar[str] = "promotion_id"
    SUBJECT: ClassVar[str] = "promotion_id"
    COMPACTED: ClassVar[bool] = True

    promotion_id: str
    evaluation_id: UUID
    method: str
    model_version: str
    data_until: datetime
    evaluated_at: datetime
    starts_on: str
    ends_on: str
    stores: int
    control_stores: int
    probability: float
    sold_sticks: float
    uplift_sticks: Estimate
    cannibalised_sticks: Estimate | None
    pulled_forward_sticks: Estimate | None
    profit_minor: Estimate | None
    cost_minor: int
    currency: str | None
    placebo_p: float | None
    trusted: bool
    reasons: list[str]


class ForecastDrifted(Event, frozen=True, kw_only=True):
    """The error of a series' published forecasts has left the band that its backtests led to expect.

    `wape` is that of the `days` days that ended with `until` (ISO date), `expected_wape` that of the
    backtests, `band` the most that was to be expected; `bias_sticks` is the mean of forecast less demand.
    """

    TYPE: ClassVar[str] = "forecasting.forecast-drifted.v1"
    TOPIC: ClassVar[str] = "forecasting.drift.v1"
    KEY: ClassVar[str] = "series_id"
    SUBJECT: ClassVar[str] = "series_id"

    store_id: str
    gtin: str
    forecast_id: UUID
    model: str
    until: str
    days: int
    wape: float
    expected_wape: float
    band: float
    bias_sticks: float
    noticed_at: datetime

    @property
    def series_id(self) -> str:
        """Name the series."""
        return f"{self.store_id}/{self.gtin}"

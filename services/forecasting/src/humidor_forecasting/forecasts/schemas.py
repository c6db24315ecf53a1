"""What callers see of forecasts and models."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class QuantileView(BaseModel):
    """With this probability demand is at most so many sticks."""

    probability: float
    quantity_sticks: float


class IntervalView(BaseModel):
    """Demand lies between, ends included, with the probability `level`.

    An interval is central: as much is left out below as above. Where nothing at all is likelier than what
    would be left out below, it is `one_sided`: it begins with nothing, what it leaves out lies above alone.
    """

    level: float
    low_sticks: float
    high_sticks: float
    one_sided: bool


class ForecastDayView(BaseModel):
    """Demand of the day, or (cumulative) of all `days` days up to it.

    `intervals` are those of 80 and 95 % that can be made of the probabilities that the run was asked for.
    """

    day: date
    days: int
    mean_sticks: float
    quantiles: list[QuantileView]
    intervals: list[IntervalView]


class ForecastSummary(BaseModel):
    """A forecast without its figures; `fell_back` where no model could be chosen by a backtest."""

    forecast_id: UUID
    store_id: str
    gtin: str
    run_id: UUID
    model: str
    model_version: str
    challenger: str | None
    kind: str
    fell_back: bool
    data_until: datetime
    issued_at: datetime
    starts_on: date
    horizon_days: int


class ForecastView(ForecastSummary):
    """A forecast by day, and of the first 1, 2 … days together; why this model, what was done to the data.

    `scores` holds the champion's and every candidate's measures over the backtest: cost (mean quantile
    loss), MASE, WAPE, RMSSE, bias, coverage of 80 % and 95 %. `data_cut` names what the model was given.
    """

    days: list[ForecastDayView]
    cumulative: list[ForecastDayView]
    scores: dict[str, Any]
    reasons: list[str]
    notes: list[str]
    versions: dict[str, Any]
    data_cut: str


class VersionChangeView(BaseModel):
    """What code or a library was when the forecast was made, and what it is now."""

    name: str
    then: str
    now: str


class ReproductionView(BaseModel):
    """Whether the models make the issued figures again from the data cut, to the last digit.

    `differs` names what is not the same, `changed_versions` what may be why; `largest_difference_sticks` is
    None where there are not as many figures.
    """

    forecast_id: UUID
    data_cut: str
    equal: bool
    differs: list[str]
    largest_difference_sticks: float | None
    changed_versions: list[VersionChangeView]


class ModelView(BaseModel):
    """A model that runs can be asked for; `own` tells ours from those of other packages."""

    name: str
    title: str
    good_for: str
    source: str
    own: bool

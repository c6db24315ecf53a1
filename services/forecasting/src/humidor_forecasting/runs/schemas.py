"""What callers send and see of runs."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from humidor_common.web.inputs import Input, StoreId
from humidor_forecasting.inputs import Code, Gtin
from humidor_forecasting.runs.rules import PROBABILITIES

RunState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
SeriesState: TypeAlias = Literal["waiting", "done", "failed"]


class RunInput(Input):
    """Which series are forecast; all that have demand where nothing is named.

    `only_changed` leaves out series of which nothing has changed since they were last forecast: demand,
    stock-outs, promotions, forecasts made elsewhere, our code, what is asked for. `models` names
    those that are tried; without it each series gets those for its kind of demand.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"store_ids": ["S0001"], "horizon_days": 28, "only_changed": False}]}
    )

    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=1000)] | None = None
    gtins: Annotated[list[Gtin], Field(min_length=1, max_length=1000)] | None = None
    horizon_days: Annotated[int, Field(ge=1, le=366)] = 28
    probabilities: Annotated[
        list[Annotated[float, Field(ge=0.001, le=0.999)]], Field(min_length=2, max_length=99)
    ] = Field(default_factory=lambda: list(PROBABILITIES))
    models: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)
    only_changed: bool = False

    @field_validator("probabilities")
    @classmethod
    def _check_probabilities(cls, given: list[float]) -> list[float]:
        if sorted(set(given)) != given:
            raise ValueError("have to rise")
        return given


class RunView(BaseModel):
    """A run and how far it is; `share_done` is from 0 to 1, None before its series are counted."""

    run_id: UUID
    state: RunState
    requested_by: str
    store_ids: list[str] | None
    gtins: list[str] | None
    only_changed: bool
    horizon_days: int
    models: list[str]
    series_total: int | None
    series_done: int
    series_fell_back: int
    series_failed: int
    share_done: float | None
    data_until: datetime
    versions: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None


class RunSeriesView(BaseModel):
    """What became of one series of a run; `detail` says why it failed or fell back."""

    store_id: str
    gtin: str
    state: SeriesState
    model: str | None
    fell_back: bool | None
    detail: str | None
    seconds: float | None

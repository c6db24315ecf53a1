"""What callers send and see of forecasts made elsewhere."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Day, Input, Note, StoreId
from humidor_forecasting.challengers.rules import Winner
from humidor_forecasting.inputs import Code, Gtin

MOST_DAYS_AHEAD = 366
Sticks = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Choose: TypeAlias = Literal["by_hand", "by_verdict"]


class ImportedDay(Input):
    """One day of a forecast made elsewhere, by data up to and including `data_until`.

    Quantiles may be left out; `q90_sticks` is what demand stays below with 90 %.
    """

    source: Code
    store_id: StoreId
    gtin: Gtin
    data_until: Day
    day: Day
    mean_sticks: Sticks
    q025_sticks: Sticks | None = None
    q10_sticks: Sticks | None = None
    q25_sticks: Sticks | None = None
    q50_sticks: Sticks | None = None
    q75_sticks: Sticks | None = None
    q90_sticks: Sticks | None = None
    q975_sticks: Sticks | None = None

    @model_validator(mode="after")
    def _check(self) -> "ImportedDay":
        if self.day <= self.data_until:
            raise ValueError("day is after data_until: what was known is no forecast")
        if self.day - self.data_until > timedelta(days=MOST_DAYS_AHEAD):
            raise ValueError(f"day is at most {MOST_DAYS_AHEAD} days after data_until")
        said = list(self.quantiles().values())
        if said != sorted(said):
            raise ValueError("quantiles rise with their probability")
        return self

    def quantiles(self) -> dict[str, float]:
        """Give the quantiles that are said, by the probability: {"0.9": 120.0}."""
        return {p: value for name, p in QUANTILES if (value := getattr(self, name)) is not None}


QUANTILES = tuple(
    (name, f"0.{name[1:].removesuffix('_sticks').rstrip('0')}")
    for name in ImportedDay.model_fields
    if name[0] == "q" and name.endswith("_sticks")
)


class PolicyInput(Input):
    """How a source becomes champion: by people alone, or of each series of which its verdict says so.

    `least_days` that came true after the file had arrived have to show it; `better_by` is the share of our
    cost by which it has to be cheaper.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"choose": "by_verdict", "least_days": 14, "better_by": 0.03, "reason": "trial of the autumn"}
            ]
        }
    )  # fmt: skip

    choose: Choose
    least_days: Annotated[int, Field(ge=7, le=180)] = 14
    better_by: Annotated[float, Field(ge=0, le=0.5)] = 0.03
    reason: Note


class ChampionInput(Input):
    """Whose forecasts are published for a series from the next run on, and why."""

    source: Code
    reason: Note


class ChallengerView(BaseModel):
    """A source of forecasts made elsewhere, what there is of it, and how it is chosen.

    `chosen_series` were chosen by hand.
    """

    source: str
    choose: Choose
    least_days: int
    better_by: float
    series: int
    chosen_series: int
    data_until: date | None
    last_day: date | None
    arrived_at: datetime | None
    version: int
    changed_at: datetime
    changed_by: str


class ScoreView(BaseModel):
    """Mean quantile loss in sticks; error and bias as shares of demand (bias above 0: too high)."""

    cost: float
    wape: float | None
    bias: float | None


class VerdictView(BaseModel):
    """Who forecast a series better on the days that have come true since the data cut, and why.

    `proven_days` came true after the file had arrived. `trusted` where these alone say the same: only then a
    policy chooses by it. `naive` is the same weekday before the cut.
    """

    store_id: str
    gtin: str
    winner: Winner
    trusted: bool
    days: int
    proven_days: int
    imported: ScoreView | None
    ours: ScoreView | None
    naive: ScoreView | None
    reasons: list[str]
    champion: bool


class ChampionView(BaseModel):
    """A series whose forecasts are those of a source, because somebody chose so."""

    store_id: str
    gtin: str
    source: str
    reason: str
    chosen_by: str
    chosen_at: datetime

"""What callers send and see of models of customers' value."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from humidor_common.web.inputs import Input
from humidor_customers.inputs import PartyKind
from humidor_customers.value.rules import ModelName

Horizon = Annotated[int, Field(ge=7, le=730)]


class ModelInput(Input):
    """A model to be fitted to all customers of a kind, as a job; its scores replace the former ones.

    `horizon_days` is how far it looks ahead: a year for `lifetime`, 90 days (trade customers: 28) for
    `churn` and `potential` where it is left out; `rfm` and `clusters` have none.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "lifetime", "party_kind": "consumer", "horizon_days": 365}]}
    )

    model: ModelName
    party_kind: PartyKind
    horizon_days: Horizon | None = None


class Filters(BaseModel):
    """What a list of models may be narrowed to."""

    model: ModelName | None = None
    party_kind: PartyKind | None = None
    current: bool | None = None


class ModelView(BaseModel):
    """A fitted model: parameters, how well it fits, and how it did on customers or times it did not see.

    `customers` have a score. `reason` says why there are none, or what of it is not to be trusted.
    """

    model_id: UUID
    model: ModelName
    party_kind: PartyKind
    current: bool
    customers: int
    parameters: dict[str, Any]
    fit: dict[str, Any]
    holdout: dict[str, Any] | None
    reason: str | None
    as_of: date
    fitted_at: datetime
    fitted_by: str


class ScoreView(BaseModel):
    """What a model says of a customer; the names of `figures` are in the model's `parameters`."""

    party_id: str
    score: float | None
    label: str | None
    figures: list[float | None] | None


class HoldoutRow(BaseModel):
    """What was foretold of a group of customers, or times, that a model had not seen, and what came of it.

    `by` says what the groups are: `tenth` of the customers by probability (1 the least likely; both figures
    are shares), `repeats` before (purchases; 7 is 7 or more), `segment` (the share that bought). `lift` is
    that of the best so many tenths.
    """

    by: Literal["tenth", "repeats", "segment"]
    group: str
    customers: int
    foretold: float | None
    happened: float
    lift: float | None = None
    mean_spent_minor: float | None = None


class ScoreFigureRow(BaseModel):
    """One figure that a model says of a customer, by its name."""

    party_id: str
    name: str
    number: float | None

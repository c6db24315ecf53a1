"""What callers send and see of evaluations."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from humidor_common.web.inputs import Input, Minor, StoreId, VariantName
from humidor_forecasting.inputs import Code
from humidor_forecasting.uplift.work import METHODS, Method

EvaluationState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]


class VariantInput(Input):
    """A part of a promotion's stores, by a name of its own: what was done there is judged alone."""

    name: VariantName
    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=5000)]


class EvaluationInput(Input):
    """Which promotion is evaluated, by its id (a campaign's id where it is one), and how.

    `before_days` before it are compared with it, `after_days` after its end show what was pulled forward.
    `margin_percent` is the gross share of the regular price; `cost_minor` what it cost, where that is
    not what is recorded as spent. `variant` evaluates some of its stores against the same hold-outs, with
    their share of what was spent, and is told as `<promotion_id>/<name>`. Only `methods` are asked;
    without any, all that the data allow.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"promotion_id": "golden-week-2026", "margin_percent": 12.5}]}
    )

    promotion_id: Code
    probability: Annotated[float, Field(ge=0.5, le=0.99)] = 0.95
    before_days: Annotated[int, Field(ge=14, le=400)] = 112
    after_days: Annotated[int, Field(ge=0, le=90)] | None = None
    margin_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    cost_minor: Minor | None = None
    variant: VariantInput | None = None
    methods: Annotated[list[Method], Field(min_length=1, max_length=4)] = Field(
        default_factory=lambda: list(METHODS)
    )


class FigureView(BaseModel):
    """A figure and the bounds between which it lies with the probability asked for."""

    value: float
    low: float
    high: float


class EffectView(BaseModel):
    """What was sold, what was expected without the promotion, and the difference."""

    sold_sticks: float
    expected_sticks: float
    effect_sticks: FigureView
    effect_percent: FigureView | None
    p_value: float | None


class TimePlaceboView(BaseModel):
    """The method over days before the promotion, on which there was nothing to be found."""

    starts_on: date
    days: int
    effect_sticks: FigureView
    covers_nothing: bool


class MethodView(BaseModel):
    """What one method says.

    `effects` are of `promoted` products, other products of the `brand`, all `others`, and the promoted ones
    `after` the end.
    """

    method: str
    inference: str
    assumptions: list[str]
    effects: dict[str, EffectView]
    diagnostics: dict[str, float]
    weights: dict[str, float]
    placebo_p: float | None
    time_placebos: list[TimePlaceboView]


class ReasonView(BaseModel):
    """What stands against the figures or beside them."""

    code: str
    text: str


class DayView(BaseModel):
    """All stores of the promotion together on one day."""

    day: date
    sold_sticks: float
    expected_sticks: float


class MovedPriceView(BaseModel):
    """A product whose price in a store moved otherwise than the promotion says, in minor units a stick."""

    store_id: str
    gtin: str
    role: str
    before: float
    during: float
    expected: float
    sticks: float


class ResultView(BaseModel):
    """What came out; `results` has the chosen method first and then those that checked it."""

    stores: int
    control_stores: int
    uplift: EffectView | None
    cannibalised_sticks: FigureView | None
    halo_sticks: FigureView | None
    pulled_forward_sticks: FigureView | None
    profit_minor: FigureView | None
    discount_minor: float | None
    cost_minor: int
    currency: str | None
    placebo_p: float | None
    results: list[MethodView]
    failures: dict[str, str]
    days: list[DayView]
    moved_prices: list[MovedPriceView]
    other_promotions: list[str]
    notes: list[str]


class EvaluationSummary(BaseModel):
    """An evaluation and how far it is; without a `method` nothing could be told, and `reasons` say why."""

    evaluation_id: UUID
    promotion_id: str
    promotion_version: int
    state: EvaluationState
    automatic: bool
    requested_by: str
    stage: str | None
    share_done: float
    method: str | None
    trusted: bool | None
    reasons: list[ReasonView]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None


class EvaluationView(EvaluationSummary):
    """An evaluation with all its figures; the same data cut and versions give the same figures again."""

    terms: dict[str, Any]
    data_until: datetime | None
    versions: dict[str, str]
    result: ResultView | None

"""What callers send and see of tiers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from humidor_common.web.inputs import Day, Input, Name, Note
from humidor_customers.inputs import Code, RetailerId
from humidor_customers.tiers.rules import Cadence, Direction, State, tier_of

SchemeCode: TypeAlias = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")]
Measure: TypeAlias = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
TierNumber: TypeAlias = Annotated[int, Field(ge=1, le=100)]

_SCHEME: dict[str, JsonValue] = {
    "code": "cigarettes",
    "name": "30 档",
    "tiers": 30,
    "cadence": "quarterly",
    "measures": [
        {"measure": "purchase_value_minor", "weight": 70},
        {"measure": "purchase_sticks", "weight": 20},
        {"measure": "low_tar_sticks", "weight": 10},
    ],
    "newcomer_days": 90,
    "newcomer_tier": 24,
}


class MeasureInput(Input):
    """One of the measures by which customers are scored, and its weight among them.

    What several figures of a period come to is their sum, their mean (rounded down) or the latest.
    """

    measure: Measure
    weight: Annotated[int, Field(ge=1, le=1000)]
    of_period: Literal["sum", "mean", "latest"] = "sum"


class SchemeTerms(Input):
    """How customers are scored and cut into tiers.

    `shares_bp` are shares of the customers by tier, from the lowest level, in hundredths of a percent (10000
    together); `minimum_scores` are the least scores (0 to 100) of each level but the lowest. Without either,
    each tier has as many. A customer who was registered within `newcomer_days` before the end of the period
    gets `newcomer_tier` at best, and one of a compliance grade in `grade_tiers` that tier at best.
    `scored_days_after` the end of each period of the cadence customers are scored by themselves, once the
    scheme is in force; null leaves it to people.
    """

    name: Name
    tiers: Annotated[int, Field(ge=2, le=100)]
    direction: Direction = "highest_is_best"
    cadence: Cadence
    measures: Annotated[list[MeasureInput], Field(min_length=1, max_length=20)]
    shares_bp: Annotated[list[Annotated[int, Field(ge=0, le=10_000)]] | None, Field(max_length=100)] = None
    minimum_scores: Annotated[
        list[Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]] | None, Field(max_length=100)
    ] = None
    newcomer_days: Annotated[int, Field(ge=0, le=3660)] = 0
    newcomer_tier: TierNumber | None = None
    grade_tiers: Annotated[dict[Code, TierNumber], Field(max_length=50)] = Field(default_factory=dict)
    scored_days_after: Annotated[int, Field(ge=0, le=60)] | None = 5

    @model_validator(mode="after")
    def _check(self) -> "SchemeTerms":
        names = [each.measure for each in self.measures]
        if len(set(names)) < len(names):
            raise ValueError("measures names one twice")
        if self.shares_bp is not None and self.minimum_scores is not None:
            raise ValueError("shares_bp and minimum_scores exclude each other")
        shares = self.shares_bp
        if shares is not None and (len(shares) != self.tiers or sum(shares) != 10_000):
            raise ValueError("shares_bp has one share for each tier, 10000 together")
        if self.minimum_scores is not None:
            _check_minimums(self.minimum_scores, self.tiers)
        if any(each > self.tiers for each in (self.newcomer_tier or 1, *self.grade_tiers.values())):
            raise ValueError("newcomer_tier and grade_tiers are tiers of the scheme")
        return self


def _check_minimums(minimums: Sequence[float], tiers: int) -> None:
    if len(minimums) != tiers - 1:
        raise ValueError("minimum_scores has one score for each tier but the lowest")
    if list(minimums) != sorted(set(minimums)):
        raise ValueError("minimum_scores rise")


class NewScheme(SchemeTerms):
    """A new scheme, or the next number of one: `code` says what it tiers, such as cigarettes or cigars."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCHEME]})

    code: SchemeCode


class SchemeView(SchemeTerms):
    """A tier scheme.

    A draft may change; a locked one does not, and customers can be scored by it; the published one of a code
    is in force; the one before it is retired.
    """

    scheme_id: UUID
    code: str
    number: int
    state: State
    locked_at: datetime | None
    locked_by: str | None
    published_at: datetime | None
    published_by: str | None
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime

    def level_of(self, tier: int) -> int:
        """Give the level, 1 the lowest, of a tier; the same turns a level into its tier."""
        return tier_of(tier, self.tiers, self.direction)


class ScoringInput(Input):
    """The days whose figures count, both included."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"starts_on": "2026-07-01", "ends_on": "2026-09-30"}]}
    )

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _check(self) -> "ScoringInput":
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on is not before starts_on")
        return self


class ScoringView(BaseModel):
    """What a scoring came to; `customers_by_tier` begins with tier 1. Its tiers hold once it is published."""

    scoring_id: UUID
    scheme_id: UUID
    starts_on: date
    ends_on: date
    state: Literal["calculated", "published"]
    customers: int
    customers_by_tier: list[int]
    calculated_at: datetime
    calculated_by: str
    published_at: datetime | None
    published_by: str | None


class MeasuredView(BaseModel):
    """One measure of a customer: its value, its percentile rank (0 to 100) among all, its weight."""

    measure: str
    value: int
    rank: float
    weight: int


class ScoreView(BaseModel):
    """How a customer was scored: `level` by the score alone (1 the lowest); `bounded_by` held it down."""

    retailer_id: str
    score: float
    tier: int
    level: int
    bounded_by: list[Literal["newcomer", "compliance_grade"]]
    measures: list[MeasuredView]


class TierView(BaseModel):
    """The tier of a customer; where a person has set it, `override_reason` says why."""

    scheme_code: str
    retailer_id: str
    scheme_id: UUID
    scoring_id: UUID | None
    tier: int
    calculated_tier: int | None
    override_tier: int | None
    override_reason: str | None
    override_stays: bool
    overridden_by: str | None
    overridden_at: datetime | None
    since: datetime
    version: int


class OverrideInput(Input):
    """A tier that a person sets, and why; it ends with the next scoring unless it `stays`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tier": 12, "reason": "shop was rebuilt for two months"}]}
    )

    tier: TierNumber
    reason: Note
    stays: bool = False


class FigureItem(Input):
    """What a customer came to in the days that begin on a day, by one measure."""

    retailer_id: RetailerId
    measure: Measure
    begins_on: Day
    value: Annotated[int, Field(ge=0, le=10**15)]

"""What callers send and see of strategies of supply."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from humidor_common.sharing_arrays import Rule
from humidor_common.web.inputs import Input, Name, Note
from humidor_customers.allocation.refusals import check_terms
from humidor_customers.allocation.rules import Mode
from humidor_customers.inputs import Code, Gtin
from humidor_customers.tiers.schemas import SchemeCode

Cartons = Annotated[int, Field(ge=0, le=1_000_000)]
Sticks = Annotated[int, Field(ge=0, le=10**12)]
_GTIN: TypeAdapter[str] = TypeAdapter(Gtin)

_LINES: dict[str, JsonValue] = {
    "lines": [
        {"subject": "segment", "code": "200-300", "caps_cartons": [5, 10, 20]},
        {
            "subject": "product",
            "code": "06901028001234",
            "price_segment": "200-300",
            "caps_cartons": [0, 2, 6],
        },
        {
            "subject": "product",
            "code": "06901028001234",
            "mode": "market_type",
            "audience": ["rural"],
            "caps_cartons": [0, 1, 3],
        },
    ]
}


class NewStrategy(Input):
    """A strategy of caps for a cycle, by the tiers of the scheme of this code that is in force.

    Of products without a line customers order freely (`free`) or nothing (`refused`). Customers of
    `barred_grades` get nothing of what is listed. Caps are counted in cartons of `carton_sticks`, the
    standard carton (标准条).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cycle_id": "019aaf6e-5c00-7000-8000-000000000001",
                    "scheme_code": "cigarettes",
                    "name": "第48周货源投放策略",
                    "unlisted": "refused",
                    "barred_grades": ["D"],
                }
            ]
        }
    )

    cycle_id: UUID
    scheme_code: SchemeCode
    name: Name
    unlisted: Literal["free", "refused"] = "free"
    barred_grades: Annotated[list[Code], Field(max_length=50)] = Field(default_factory=list)
    carton_sticks: Annotated[int, Field(ge=1, le=10_000)] = 200

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, given: Any) -> Any:
        if isinstance(given, dict):
            check_terms(map(str, given))
        return given


class LineInput(Input):
    """Caps of one product or the total of one price segment, for one audience.

    `caps_cartons` has a cap for each tier from 1 on, or one for whatever tier; 0 or null is "not offered" for
    a product; for a segment 0 is nothing and null no total. The audience is everybody (`all`), or the market
    types, formats, trade areas, sales lines, tags or customers that are named. Where several lines of a
    product fit a customer, the narrowest audience decides. There is no field that obliges anybody to take
    something: `minimum_cartons`, `bundle_with` and the like are refused with the rule that they break.
    """

    subject: Literal["product", "segment"]
    code: Code
    price_segment: Code | None = None
    mode: Mode = "all"
    audience: Annotated[list[Code], Field(max_length=20_000)] = Field(default_factory=list)
    caps_cartons: Annotated[list[Cartons | None], Field(min_length=1, max_length=100)]

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, given: Any) -> Any:
        if isinstance(given, dict):
            check_terms(map(str, given), f"lines[].{given.get('code', '')}.")
        return given

    @model_validator(mode="after")
    def _check(self) -> "LineInput":
        if (self.mode == "all") is bool(self.audience):
            raise ValueError("audience names who is meant, unless mode is all")
        if self.subject == "segment" and self.price_segment is not None:
            raise ValueError("price_segment belongs to products")
        if self.subject == "product":
            try:
                self.code = _GTIN.validate_python(self.code)
            except ValidationError as error:
                raise ValueError("code of a product is its GTIN, 8 to 14 digits") from error
        self.audience = sorted(set(self.audience))
        return self


class LinesInput(Input):
    """All lines of a strategy, instead of those it has."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINES]})

    lines: Annotated[list[LineInput], Field(max_length=20_000)]


class StrategyView(BaseModel):
    """A strategy: a draft, the one that is published for its cycle, or one that another has superseded."""

    strategy_id: UUID
    cycle_id: UUID
    cycle_code: str
    scheme_id: UUID
    scheme_code: str
    tiers: int
    name: str
    unlisted: Literal["free", "refused"]
    barred_grades: list[str]
    carton_sticks: int
    state: Literal["draft", "published", "superseded"]
    lines: int
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    published_at: datetime | None
    published_by: str | None


class LineView(BaseModel):
    """A line of a strategy, its caps in sticks."""

    line: int
    subject: Literal["product", "segment"]
    code: str
    price_segment: str | None
    mode: Mode
    audience: list[str]
    caps_sticks: list[int | None]


class Publication(Input):
    """Why a strategy is published; one that nobody has simulated as it now is needs `unsimulated`."""

    reason: Note
    unsimulated: bool = False


class SupplyItem(Input):
    """How much there is of a product that is short."""

    gtin: Gtin
    sticks: Sticks


class RunInput(Input):
    """How what is short is shared: in proportion, by tier (the best first), or max-min fair."""

    rule: Rule = "proportional"
    supply: Annotated[list[SupplyItem], Field(max_length=2000)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> "RunInput":
        named = [each.gtin for each in self.supply]
        if len(set(named)) < len(named):
            raise ValueError("supply names a product twice")
        return self


class SimulationInput(RunInput):
    """What customers requested in one or several cycles (then the mean, rounded down) meets the strategy."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_cycle_ids": ["019aaf6e-5c00-7000-8000-000000000001"],
                    "rule": "proportional",
                    "supply": [{"gtin": "06901028001234", "sticks": 200_000}],
                }
            ]
        }
    )

    request_cycle_ids: Annotated[list[UUID], Field(min_length=1, max_length=13)]

    @model_validator(mode="after")
    def _check_cycles(self) -> "SimulationInput":
        if len(set(self.request_cycle_ids)) < len(self.request_cycle_ids):
            raise ValueError("request_cycle_ids names a cycle twice")
        return self


class SharingInput(RunInput):
    """What was requested in the strategy's own cycle is shared for good; `reason` where it was already."""

    reason: Note | None = None


class RunView(BaseModel):
    """A simulation, the sharing of a cycle, or what was observed of one; indicators are asked for apart."""

    run_id: UUID
    kind: Literal["simulation", "sharing", "observation"]
    strategy_id: UUID
    strategy_version: int
    cycle_id: UUID
    request_cycle_ids: list[UUID]
    rule: Rule | None
    supply: dict[str, int]
    customers: int
    products: int
    requests: int
    in_force: bool
    ran_at: datetime
    ran_by: str


class RefusalView(BaseModel):
    """A kind of term that no strategy can have, with its source."""

    code: str
    rule: str
    rule_zh: str
    source: str


class RefusalList(BaseModel):
    """What the system refuses to model."""

    refusals: list[RefusalView]

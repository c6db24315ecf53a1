"""What callers ask to be mined, and what they see of it."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from humidor_common.web.inputs import Day, Input, StoreId
from humidor_customers.mining.rules.slots import Slot

Kind: TypeAlias = Literal[
    "associations", "sequences", "switching", "affinities", "cohorts", "recommendations"
]
Item: TypeAlias = Literal["product", "brand", "price_class"]


class Scope(Input):
    """Which purchases are mined: days by the clock of the store, both included; all stores if none is named.

    `retail` is sales of tills, `wholesale` what trade customers were delivered.
    """

    since: Day
    until: Day
    level: Literal["retail", "wholesale"] = "retail"
    store_ids: list[StoreId] | None = Field(default=None, min_length=1, max_length=1000)


class Associations(Scope):
    """Which items are bought together; `support` is of baskets, `consequents` items a rule leads to."""

    kind: Literal["associations"]
    item: Item = "product"
    support: float = Field(default=0.001, gt=0, le=1)
    confidence: float = Field(default=0.5, ge=0, le=1)
    consequents: int = Field(default=1, ge=1, le=5)
    longest: int = Field(default=6, ge=2, le=10)


class Sequences(Scope):
    """What customers buy after what; `most_days` is the longest from one step to the next."""

    kind: Literal["sequences"]
    item: Item = "product"
    support: float = Field(default=0.01, gt=0, le=1)
    longest: int = Field(default=4, ge=1, le=8)
    most_days: int | None = Field(default=None, ge=1, le=3660)


class Switching(Scope):
    """Which brand follows which, from one purchase of a customer to the next."""

    kind: Literal["switching"]
    item: Item = "brand"


class Affinities(Scope):
    """Which customers buy which brand at which time, of which so few are false."""

    kind: Literal["affinities"]
    item: Item = "brand"
    group: Literal["all", "customer", "store", "area", "market_type", "business_format", "sales_line"] = "all"
    slot: Slot = "daypart"
    purchases: int = Field(default=20, ge=1, le=1_000_000)
    customers: int = Field(default=0, ge=0, le=1_000_000)
    false_discovery_rate: float = Field(default=0.05, gt=0, le=1)
    only_significant: bool = True


class Cohorts(Scope):
    """How many customers of each beginning still buy; who bought in the days before `since` began earlier."""

    kind: Literal["cohorts"]
    period: Literal["week", "month", "quarter"] = "month"
    lookback_days: int = Field(default=365, ge=0, le=3660)


class Recommendations(Scope):
    """What else customers may buy; tried on the last `test_days` with what was known before them."""

    kind: Literal["recommendations"]
    item: Literal["product", "brand"] = "product"
    most: int = Field(default=5, ge=1, le=50)
    test_days: int = Field(default=28, ge=1, le=366)


Params: TypeAlias = Annotated[
    Associations | Sequences | Switching | Affinities | Cohorts | Recommendations,
    Field(discriminator="kind"),
]


class RunInput(Input):
    """Something to be mined, by its `kind`.

    The job's `result` says how much was read (`read_at` is the moment up to which what was known went in)
    and, where models are made, how well they did; `reason` in it says why nothing was found.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "params": {
                        "kind": "associations",
                        "since": "2026-01-01",
                        "until": "2026-06-30",
                        "item": "brand",
                    }
                }
            ]
        }
    )

    params: Params


class RuleRow(BaseModel):
    """Who has all of `antecedent` in the basket has `consequent` too in `confidence` of the cases.

    `count` of `baskets` hold both. `q_value` is the p-value of Fisher's exact test, adjusted over all rules.
    `place` is that of the rule in the run, from 0.
    """

    place: int
    antecedent: list[str]
    consequent: list[str]
    count: int
    antecedent_count: int
    consequent_count: int
    baskets: int
    support: float
    confidence: float
    lift: float
    leverage: float
    p_value: float
    q_value: float


class RuleItemRow(BaseModel):
    """One item of a rule, which is named by its place; `number` counts the items of a side from 1."""

    place: int
    side: Literal["antecedent", "consequent"]
    number: int
    item: str


class SequenceItemRow(BaseModel):
    """One item of a step of a pattern, which is named by its place; steps and items count from 1."""

    place: int
    step: int
    number: int
    item: str


class SequenceRow(BaseModel):
    """What `customers` of `of_customers` bought, step after step; a step is what came in one purchase.

    `confidence` is their share of those who went as far as the item before the last. `place` is that of the
    pattern in the run, from 0.
    """

    place: int
    steps: list[list[str]]
    customers: int
    of_customers: int
    support: float
    confidence: float


class SwitchRow(BaseModel):
    """How often `target` came after `origin`; the diagonal is that a brand was bought again.

    `share` is of all that came after `origin`; `index` is against what would come if the brand before did not
    matter; `net` is what came more than went back, tested by the exact binomial.
    """

    origin: str | None
    target: str | None
    count: int
    customers: int
    origin_count: int
    target_count: int
    share: float
    expected: float
    index: float
    net: int
    p_value: float | None
    q_value: float | None


class AffinityRow(BaseModel):
    """A group that buys something at a time more often (`lift`) than its other purchases would let expect."""

    group: str | None
    key: str | None
    slot: str
    count: int
    expected: float
    lift: float
    key_count: int
    slot_count: int
    group_count: int
    customers: int
    share_in_slot: float
    share_of_group: float
    p_value: float
    q_value: float
    significant: bool


class CohortRow(BaseModel):
    """Of `size` customers who began in the period of `cohort`, `active` bought `offset` periods later."""

    cohort: date
    offset: int
    size: int
    active: int
    retention: float
    low: float
    high: float


class RecommendationRow(BaseModel):
    """What a customer may buy next, best first; `because` is what of theirs says most for it."""

    customer_id: str
    rank: int
    key: str
    score: float
    because: str | None

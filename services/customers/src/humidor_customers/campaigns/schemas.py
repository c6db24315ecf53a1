"""What callers send and see of campaigns."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from humidor_common.web.inputs import Currency, Day, Input, Label, Minor, Name, Note, StoreId, VariantName
from humidor_customers.campaign_rules.rules import (
    CONSUMER_KINDS,
    AdultCheck,
    Audience,
    Channel,
    Kind,
    Mechanic,
)
from humidor_customers.campaign_rules.schemas import Finding
from humidor_customers.campaigns.rules.states import State
from humidor_customers.inputs import Gtin

MOST_STORES = 10_000
MOST_DAYS = 366
MOST_VARIANTS = 5


class Exclusion(Input):
    """A store that goes neither with the campaign nor into the comparison."""

    store_id: StoreId
    reason: Label


class Variant(Input):
    """One of several ways in which a campaign is carried out; `share` is of the stores that take part.

    `does` says what is done in its stores, as those who do it are told.
    """

    name: VariantName
    share: Annotated[float, Field(gt=0, lt=1)]
    does: Note


class CampaignInput(Input):
    """A campaign: for `store_ids`, or for the stores of the trade customers in a segment.

    Days are those of the stores, both included. `gtins` null is every product. Where somebody pays less by
    it, `discount_percent` or `price_per_pack` (minor units, with `gtins`) says how much. `holdout_share` of
    the stores go without it, so that its effect can be judged; the others are divided among `variants`, where
    there are any, whose shares come to 1. It stops where what is sold a day falls
    below `sales_floor_percent` of the 90 days before. Ceilings of complaints are refused as long as nobody
    tells this service of complaints.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Tidy shelves before the Spring Festival",
                    "goal": "4 % more packs",
                    "kind": "service",
                    "channel": "visit",
                    "starts_on": "2027-01-11",
                    "ends_on": "2027-01-31",
                    "store_ids": ["S0001"],
                    "budget_minor": 500000,
                    "currency": "CNY",
                }
            ]
        }
    )

    name: Name
    goal: Note
    owner: Name | None = None
    kind: Kind
    audience: Audience = "retailers"
    channel: Channel
    mechanics: Annotated[list[Mechanic], Field(max_length=9)] = Field(default_factory=list)
    adult_check: AdultCheck = "none"
    gtins: Annotated[list[Gtin], Field(min_length=1, max_length=500)] | None = None
    discount_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    price_per_pack: Annotated[int, Field(gt=0, le=10**9)] | None = None
    starts_on: Day
    ends_on: Day
    store_ids: Annotated[list[StoreId], Field(min_length=1, max_length=MOST_STORES)] | None = None
    segment_id: UUID | None = None
    exclusions: Annotated[list[Exclusion], Field(max_length=MOST_STORES)] = Field(default_factory=list)
    budget_minor: Minor
    currency: Currency
    holdout_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    variants: Annotated[list[Variant], Field(max_length=MOST_VARIANTS)] = Field(default_factory=list)
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 1
    sales_floor_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    most_complaints: Annotated[int, Field(ge=0, le=10**6)] | None = None
    most_complaints_per_thousand: Annotated[float, Field(gt=0, le=1000)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.store_ids is None) == (self.segment_id is None):
            raise ValueError("store_ids or segment_id names for whom it is, not both")
        if not 0 <= (self.ends_on - self.starts_on).days < MOST_DAYS:
            raise ValueError(f"ends_on is from starts_on on, within {MOST_DAYS} days")
        to_consumers = self.kind in CONSUMER_KINDS or self.price_per_pack is not None
        if to_consumers and self.audience != "consumers":
            raise ValueError(f"{self.kind} or price_per_pack: audience is consumers")
        if self.price_per_pack is not None and (self.gtins is None or self.discount_percent is not None):
            raise ValueError("price_per_pack goes with gtins, and without discount_percent")
        return self

    @model_validator(mode="after")
    def _check_variants(self) -> Self:
        if len(self.variants) == 1:
            raise ValueError("variants: one alone is no variant")
        if len({each.name for each in self.variants}) < len(self.variants):
            raise ValueError("variants: each has a name of its own")
        if self.variants and abs(sum(each.share for each in self.variants) - 1) > 1e-6:
            raise ValueError("variants: shares come to 1")
        return self


class Approval(Input):
    """Why a person approves; needed where a rule asks to be looked at."""

    reason: Note | None = None


class SpendingInput(Input):
    """What a campaign has cost; a negative amount takes an earlier booking back."""

    amount_minor: Annotated[int, Field(ge=-(10**15), le=10**15)]
    note: Note


class SpendingView(SpendingInput):
    """A booking."""

    spending_id: UUID
    campaign_id: UUID
    booked_by: str
    booked_at: datetime


class CampaignView(BaseModel):
    """A campaign; `findings` are the rules that ask to be looked at, `last_day` the last on which it ran.

    `keeps_set_price` is whether tills hold its discount at the price that the catalogue sets.
    """

    campaign_id: UUID
    name: str
    state: State
    kind: Kind
    audience: Audience
    channel: Channel
    mechanics: list[str]
    adult_check: AdultCheck
    goal: str
    owner: str
    gtins: list[str] | None
    discount_percent: float | None
    price_per_pack: int | None
    starts_on: date
    ends_on: date
    store_ids: list[str] | None
    segment_id: UUID | None
    exclusions: list[Exclusion]
    budget_minor: int
    spent_minor: int
    currency: str
    holdout_share: float
    variants: list[Variant]
    seed: int
    sales_floor_percent: float | None
    jurisdiction: str
    keeps_set_price: bool
    findings: list[Finding]
    submitted_by: str | None
    submitted_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    approval_reason: str | None
    last_day: date | None
    stop_code: str | None
    stop_detail: str | None
    version: int
    created_by: str
    created_at: datetime
    changed_at: datetime


class CampaignRow(CampaignView):
    """A campaign with its effect, as `forecasting` has evaluated it last; null where it has not.

    Bounds hold with `effect_probability`; `effect_trusted` is whether anything speaks against it.
    """

    effect_method: str | None
    effect_evaluated_at: datetime | None
    effect_probability: float | None
    effect_trusted: bool | None
    uplift_sticks: float | None
    uplift_low_sticks: float | None
    uplift_high_sticks: float | None
    profit_minor: float | None
    profit_low_minor: float | None
    profit_high_minor: float | None
    profit_currency: str | None


class Filters(BaseModel):
    """Which campaigns to list."""

    state: State | None = None
    kind: Kind | None = None
    store_id: StoreId | None = None

"""What callers see of who takes part in a campaign, and of what the comparison can show."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class BalanceView(BaseModel):
    """How alike both parts were before, by mean sticks of a store; up to ±0.1 deviations is balance."""

    figure: str
    treated_mean: float | None
    holdout_mean: float | None
    standardised_difference: float | None


class StratumView(BaseModel):
    """Stores of one area, format and third of sales."""

    stratum: str
    treated: int
    holdout: int


class VariantView(BaseModel):
    """How many stores a variant has, and how it compares with the stores held out.

    `standardised_difference` is of what both sold in the 90 days before; `detectable_percent` as for the
    whole. None where nobody is held out or too few take part.
    """

    name: str
    stores: int
    before_mean: float | None
    standardised_difference: float | None
    detectable_percent: float | None


class OverlapView(BaseModel):
    """Another live campaign on some of the same stores, products and days: neither's effect is its own."""

    campaign_id: UUID
    name: str
    starts_on: date
    ends_on: date
    stores: int


class StaysOut(BaseModel):
    """Why so many stores stay out; `…/stores` names each."""

    reason: str
    stores: int


class PlanView(BaseModel):
    """Who takes part, who is held out, what can be shown; what would be drawn now, or was (`fixed`)."""

    fixed: bool
    treated: int
    holdout: int
    excluded: int
    stay_out: list[StaysOut] = Field(default_factory=list)
    strata: list[StratumView]
    balance: list[BalanceView]
    detectable_percent: float | None
    overlaps: list[OverlapView]
    variants: list[VariantView] = Field(default_factory=list)


class PlanFigure(BaseModel):
    """A figure of a plan or an effect by its place in it: `balance.1.treated_mean`; lists count from 1."""

    name: str
    number: float | None
    text: str | None


class StoreView(BaseModel):
    """A store of a campaign; `before_sticks` are of the 90 days before it was drawn.

    `basis` is what they were counted from: its till, or its owner's orders where it has none. `variant` is
    the one that a treated store was drawn into.
    """

    store_id: str
    part: Literal["treated", "holdout", "excluded"]
    reason: str | None
    stratum: str | None
    basis: Literal["till", "orders", "none"]
    before_sticks: float
    variant: str | None = None

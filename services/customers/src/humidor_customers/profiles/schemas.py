"""What callers see of profiles."""

from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from humidor_common.web.inputs import Label, StoreId
from humidor_customers.inputs import PartyKind
from humidor_customers.profiles.rules import Lifecycle

Channel: TypeAlias = Literal["till", "order", "both"]


class Filters(BaseModel):
    """What a list of profiles may be narrowed to; all of it has to hold."""

    kind: PartyKind | None = None
    lifecycle: Lifecycle | None = None
    channel: Channel | None = None
    store_id: StoreId | None = None
    favourite_brand: Label | None = None
    favourite_price_class: Label | None = None


class ProfileRow(BaseModel):
    """A profile in short; money is minor units of `currency`, a year the 365 days before `computed_at`.

    `store_id` is where the customer buys most often; shares, `price_sensitivity` and `satisfaction` go from
    0 to 1, and are null where too little is known. `recommendation` (0 to 10) and what is `stated` are the
    newest answers of surveys.
    """

    party_kind: PartyKind
    party_id: str
    computed_at: datetime
    recency_days: int
    first_on: date
    last_on: date
    last_at: datetime
    active_days: int
    purchases: int
    purchases_year: int
    returns_year: int
    currency: str
    spend_minor: int
    spend_year_minor: int
    repeat_spend_minor: int
    sticks_year: int
    basket_sticks: float | None
    basket_minor: float | None
    basket_lines: float | None
    gap_days: float | None
    favourite_brand: str | None
    favourite_brand_share: float | None
    favourite_price_class: str | None
    usual_hour: int | None
    usual_weekday: int | None
    channel: Channel
    store_id: str
    price_sensitivity: float | None
    satisfaction: float | None
    contacts_year: int
    lifecycle: Lifecycle
    recommendation: int | None
    stated_brand: str | None
    stated_price_class: str | None


class Trait(BaseModel):
    """One trait: what it is, what it rests on, and when it was computed; `reason` says why there is none."""

    value: Any
    evidence: dict[str, Any]
    reason: str | None = None
    computed_at: datetime


class ProfileView(BaseModel):
    """The profile (画像) of a customer: each trait with its evidence.

    `churn_risk` and `lifetime_value` are those of the newest models (`/v1/models`), the others follow events.
    """

    party_kind: PartyKind
    party_id: str
    computed_at: datetime
    look_back_days: int
    recency: Trait
    frequency: Trait
    money: Trait
    favourite_brands: Trait
    price_classes: Trait
    usual_hour: Trait
    usual_weekday: Trait
    basket: Trait
    channel: Trait
    price_sensitivity: Trait
    satisfaction: Trait
    recommendation: Trait
    stated_brand: Trait
    stated_price_class: Trait
    lifecycle: Trait
    value_segment: Trait
    lifetime_value: Trait
    churn_risk: Trait


class TraitFigure(BaseModel):
    """One figure of a trait: its `value`, or what it rests on (`evidence.shares.Harbour`).

    Lists count from 1. A truth is the number 1 or 0.
    """

    trait: str
    name: str
    number: float | None
    text: str | None
    reason: str | None
    computed_at: datetime

"""Tiers of trade customers, and the strategies of caps by which they are supplied."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from humidor_common.events.base import Event


class TierSchemePublished(Event, frozen=True, kw_only=True):
    """A tier scheme is in force: `tiers` of them, the highest or the lowest number the best."""

    TYPE: ClassVar[str] = "customers.tier-scheme-published.v1"
    TOPIC: ClassVar[str] = "customers.tier-scheme.v1"
    KEY: ClassVar[str] = "code"
    SUBJECT: ClassVar[str] = "scheme_id"
    COMPACTED: ClassVar[bool] = True

    scheme_id: UUID
    code: str
    number: int
    tiers: int
    direction: Literal["highest_is_best", "lowest_is_best"]
    cadence: str
    published_at: datetime


class TierChanged(Event, frozen=True, kw_only=True):
    """A customer's tier by a scheme as it now is; `tier_id` is code and customer, `cigarettes/C0001`.

    `overridden` tells that a person has set it. A `tier` of None: the customer has none any more.
    """

    TYPE: ClassVar[str] = "customers.tier-changed.v1"
    TOPIC: ClassVar[str] = "customers.tier.v1"
    KEY: ClassVar[str] = "tier_id"
    SUBJECT: ClassVar[str] = "retailer_id"
    COMPACTED: ClassVar[bool] = True

    tier_id: str
    retailer_id: str
    scheme_code: str
    scheme_id: UUID
    tier: int | None
    before: int | None
    overridden: bool
    since: datetime
    version: int


class StrategyPublished(Event, frozen=True, kw_only=True):
    """What customers may order in a cycle goes by this strategy from now on, instead of `superseded_id`."""

    TYPE: ClassVar[str] = "customers.strategy-published.v1"
    TOPIC: ClassVar[str] = "customers.strategy.v1"
    KEY: ClassVar[str] = "cycle_id"
    SUBJECT: ClassVar[str] = "strategy_id"

    strategy_id: UUID
    cycle_id: UUID
    cycle_code: str
    scheme_id: UUID
    products: int
    unlisted: Literal["free", "refused"]
    superseded_id: UUID | None
    published_at: datetime


class SupplyShared(Event, frozen=True, kw_only=True):
    """What was short in a cycle was shared among those who ordered it; the shares are had over HTTP."""

    TYPE: ClassVar[str] = "customers.supply-shared.v1"
    TOPIC: ClassVar[str] = "customers.strategy.v1"
    KEY: ClassVar[str] = "cycle_id"
    SUBJECT: ClassVar[str] = "run_id"

    run_id: UUID
    cycle_id: UUID
    strategy_id: UUID
    rule: Literal["proportional", "priority", "max_min"]
    gtins: list[str]
    customers: int
    shared_at: datetime

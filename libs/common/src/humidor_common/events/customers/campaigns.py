"""What is done in shops to sell more of some products, and where it is not done so that it can be judged."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class CampaignVariant(msgspec.Struct, frozen=True, kw_only=True):
    """One of several ways in which a campaign is carried out, and the stores where it is that one."""

    name: str
    store_ids: list[str]


class CampaignChanged(Event, frozen=True, kw_only=True):
    """A campaign as it now is, from the moment it is scheduled; what is still a draft is not told.

    `starts_on` and `ends_on` are ISO dates of the stores, both included; a campaign that was stopped early
    has the last day on which it ran. `store_ids` are those where it takes place, `holdout_store_ids` those
    drawn to go without it. `gtins` are None where it is about every product. A campaign that changes what
    consumers pay has `price_per_pack` (minor units) of `gtins`, or takes `discount_percent` off what a pack
    costs, but with `keeps_set_price` no more than down to the price that the catalogue sets; others leave
    both None. Where it is done in several ways, `variants` divide `store_ids` among them. `budget_minor` and
    `spent_minor` are what it may cost and has cost so far. Of two events the higher `version` counts.
    """

    TYPE: ClassVar[str] = "customers.campaign-changed.v1"
    TOPIC: ClassVar[str] = "customers.campaign.v1"
    KEY: ClassVar[str] = "campaign_id"
    SUBJECT: ClassVar[str] = "campaign_id"
    COMPACTED: ClassVar[bool] = True

    campaign_id: UUID
    version: int
    state: Literal["scheduled", "running", "stopped", "ended", "cancelled"]
    kind: str
    audience: Literal["retailers", "consumers"]
    starts_on: str
    ends_on: str
    store_ids: list[str]
    holdout_store_ids: list[str]
    gtins: list[str] | None
    discount_percent: float | None
    price_per_pack: int | None
    currency: str
    budget_minor: int
    spent_minor: int
    changed_at: datetime
    keeps_set_price: bool = False
    variants: list[CampaignVariant] = msgspec.field(default_factory=list)

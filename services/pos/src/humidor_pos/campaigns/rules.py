"""What runs in a store on its own day, and at which prices: plain values, the store's own date."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

import msgspec

Audience = Literal["retailers", "consumers"]


class Campaign(msgspec.Struct, frozen=True):
    """A campaign as its last event told it; `gtins` are None for every product."""

    campaign_id: str
    state: str
    kind: str
    audience: Audience
    starts_on: date
    ends_on: date
    gtins: list[str] | None
    price_per_pack: int | None
    currency: str

    def ran(self, day: date) -> bool:
        """Tell whether `day` is one of its days; one that was stopped has its last day as its end."""
        return self.state != "cancelled" and self.starts_on <= day <= self.ends_on

    def runs(self, day: date) -> bool:
        """Tell whether it takes place on `day`: from that day on by itself, until it is stopped or over."""
        return self.state in {"scheduled", "running"} and self.ran(day)

    @property
    def consumer_price(self) -> tuple[int, str] | None:
        """What consumers pay for a pack, in minor units, and its currency; None where that is as ever."""
        if self.audience != "consumers" or self.price_per_pack is None:
            return None
        return self.price_per_pack, self.currency


class RunningCampaign(msgspec.Struct, frozen=True):
    """What a till has to know of a campaign."""

    campaign_id: str
    kind: str
    audience: Audience
    ends_on: date
    price_per_pack: int | None
    currency: str | None


class Running(msgspec.Struct):
    """The campaigns of a day: those of each product, and those of the store as a whole."""

    products: dict[str, list[RunningCampaign]] = msgspec.field(default_factory=dict)
    store: list[RunningCampaign] = msgspec.field(default_factory=list)


def running_on(campaigns: Iterable[Campaign], day: date) -> Running:
    """Sort out what runs on `day`, the lowest price first and what has none last."""
    running = Running()
    for campaign in sorted((each for each in campaigns if each.runs(day)), key=_order):
        price, currency = campaign.consumer_price or (None, None)
        shown = RunningCampaign(
            campaign.campaign_id, campaign.kind, campaign.audience, campaign.ends_on, price, currency
        )
        if campaign.gtins is None:
            running.store.append(shown)
        for gtin in campaign.gtins or ():
            running.products.setdefault(gtin, []).append(shown)
    return running


def prices_of(campaigns: Iterable[Campaign], gtin: str) -> Iterator[tuple[int, str]]:
    """Give the prices of a pack, with currency, that these campaigns set for the product."""
    for campaign in campaigns:
        if campaign.consumer_price is not None and gtin in (campaign.gtins or ()):
            yield campaign.consumer_price


def _order(campaign: Campaign) -> tuple[bool, int, date, str]:
    price, _ = campaign.consumer_price or (None, None)
    return price is None, price or 0, campaign.ends_on, campaign.campaign_id

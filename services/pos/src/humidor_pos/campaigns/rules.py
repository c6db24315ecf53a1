"""What runs in a store on its own day, and at which prices: plain values, the store's own date."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from humidor_pos.products.rules import Price, Product, unit_price

UNITS = ("pack", "carton", "case")
Audience = Literal["retailers", "consumers"]


class Campaign(msgspec.Struct, frozen=True):
    """A campaign as its last event told it; `gtins` are None for every product.

    It sets what consumers pay for a pack (`price_per_pack`), or takes `discount_percent` off what a unit
    costs. With `keeps_set_price` the law lets nobody sell below the price that the catalogue sets.
    """

    campaign_id: str
    state: str
    kind: str
    audience: Audience
    starts_on: date
    ends_on: date
    gtins: list[str] | None
    price_per_pack: int | None
    currency: str
    discount_percent: float | None = None
    keeps_set_price: bool = False

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

    @property
    def consumer_discount(self) -> float | None:
        """What percentage consumers pay less; None where it has a price, or they pay as ever."""
        if self.audience != "consumers" or self.price_per_pack is not None:
            return None
        return self.discount_percent

    @property
    def changes_prices(self) -> bool:
        """Tell whether consumers pay less by it."""
        return self.consumer_price is not None or self.consumer_discount is not None

    def is_about(self, gtin: str) -> bool:
        return self.gtins is None or gtin in self.gtins


class RunningCampaign(msgspec.Struct, frozen=True):
    """What a till has to know of a campaign; the best of them for a product stands in its `offer`."""

    campaign_id: str
    kind: str
    audience: Audience
    ends_on: date
    price_per_pack: int | None
    currency: str | None
    discount_percent: float | None
    keeps_set_price: bool


class Offer(msgspec.Struct, frozen=True):
    """What consumers pay today by the campaign that is cheapest for them, in minor units for each unit."""

    campaign_id: str
    prices: dict[str, int]
    currency: str


class Regular(msgspec.Struct, frozen=True):
    """What a product costs without campaigns: for each unit in this store, and as the catalogue sets it."""

    prices: Mapping[str, int]
    currency: str | None
    set_prices: Mapping[str, int]
    set_currency: str | None


def regular_of(product: Product, own: Price | None) -> Regular:
    """Give what a product costs in a store that has a price of its own for it, or none."""
    set_prices = _each_unit(product, product.price_per_pack)
    if own is None:
        return Regular(set_prices, product.currency, set_prices, product.currency)
    return Regular(_each_unit(product, own.price_per_pack), own.currency, set_prices, product.currency)


def _each_unit(product: Product, price_per_pack: int | None) -> dict[str, int]:
    if price_per_pack is None:
        return {}
    return {unit: unit_price(product, unit, price_per_pack) or 0 for unit in UNITS}


class Running(msgspec.Struct):
    """The campaigns of a day: those of each product, and those of the store as a whole."""

    products: dict[str, list[RunningCampaign]] = msgspec.field(default_factory=dict)
    store: list[RunningCampaign] = msgspec.field(default_factory=list)


def running_on(campaigns: Iterable[Campaign], day: date) -> Running:
    """Sort out what runs on `day`."""
    return sort_out(each for each in campaigns if each.runs(day))


def sort_out(campaigns: Iterable[Campaign]) -> Running:
    """Sort out campaigns that run: the lowest price first, then the highest discount, what has none last."""
    running = Running()
    for campaign in sorted(campaigns, key=_order):
        price, currency = campaign.consumer_price or (None, None)
        shown = RunningCampaign(
            campaign.campaign_id,
            campaign.kind,
            campaign.audience,
            campaign.ends_on,
            price,
            currency or (campaign.currency if campaign.consumer_discount is not None else None),
            campaign.consumer_discount,
            campaign.keeps_set_price,
        )
        if campaign.gtins is None:
            running.store.append(shown)
        for gtin in campaign.gtins or ():
            running.products.setdefault(gtin, []).append(shown)
    return running


def discounted(amount_minor: int, percent: float, at_least_minor: int = 1) -> int:
    """Take a percentage off the price of one unit, rounded half up to whole minor units.

    Rounded is the unit that is sold: a carton is not ten times what a pack was rounded to. It costs
    `at_least_minor`, and never more than without the discount.

    Example:
        12.5 % off 2500 is 2187.5, so 2188; off a carton of 25000 it is 21875 and not 21880.
    """
    left = Decimal(amount_minor) * (100 - Decimal(str(percent))) / 100
    rounded = int(left.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return min(amount_minor, max(rounded, at_least_minor, 1))


def price_by(campaign: Campaign, gtin: str, unit: str, regular: Regular, packs: int) -> int | None:
    """Give what consumers pay for a unit of `packs` by a campaign; None where it does not change that.

    A percentage is off the store's own price. Where the set price is to be kept nothing goes below what the
    catalogue sets for that unit, and a percentage is none where the store sells at or below that already, or
    where nobody knows the set price in that currency.
    """
    known = regular.set_prices.get(unit) if regular.set_currency == campaign.currency else None
    lowest = known if campaign.keeps_set_price else 1
    if campaign.consumer_price is not None:
        price, _ = campaign.consumer_price
        return max(price * packs, lowest or 0) if gtin in (campaign.gtins or ()) else None
    percent, amount = campaign.consumer_discount, regular.prices.get(unit)
    if percent is None or amount is None or not campaign.is_about(gtin):
        return None
    if campaign.currency != regular.currency or lowest is None or amount <= lowest:
        return None
    return discounted(amount, percent, lowest)


def best_offer(
    campaigns: Iterable[Campaign], gtin: str, regular: Regular, units: Mapping[str, int]
) -> Offer | None:
    """Find what is cheapest for consumers by the price of a pack, among campaigns in the order of their ids.

    `units` are the packs in each unit. Prices in another currency than the store's are no offer.
    """
    best: Offer | None = None
    for campaign in sorted(campaigns, key=lambda each: each.campaign_id):
        if regular.currency not in (None, campaign.currency):
            continue
        found = {
            unit: price
            for unit, packs in units.items()
            if (price := price_by(campaign, gtin, unit, regular, packs)) is not None
        }
        if "pack" in found and (best is None or found["pack"] < best.prices["pack"]):
            best = Offer(campaign.campaign_id, found, campaign.currency)
    return best


def _order(campaign: Campaign) -> tuple[bool, int, float, date, str]:
    price, _ = campaign.consumer_price or (None, None)
    discount = campaign.consumer_discount or 0.0
    return price is None, price or 0, -discount, campaign.ends_on, campaign.campaign_id

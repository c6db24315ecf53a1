"""What alerts are of, which terms each kind has by default, and when a shelf needs one; sticks and days."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


class AlertKind(StrEnum):
    """What an alert is of."""

    STOCK_OUT = "stock_out"
    BELOW_REORDER_POINT = "below_reorder_point"
    PROJECTED_STOCK_OUT = "projected_stock_out"
    OVERSTOCK = "overstock"
    DEAD_STOCK = "dead_stock"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    NEGATIVE = "negative"
    CLIMATE_EXCURSION = "climate_excursion"
    CLIMATE_GAP = "climate_gap"
    LATE_DELIVERY = "late_delivery"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind is treated where no rule says otherwise.

    `threshold_days` is what the kind is measured against (`THRESHOLDS` says how), `window_days` over how many
    days demand is averaged or looked for. Without `escalate_after_minutes` nothing is escalated.
    """

    threshold_days: int | None = None
    window_days: int | None = None
    escalate_after_minutes: int | None = None


DEFAULTS: Mapping[AlertKind, Terms] = MappingProxyType(
    {
        AlertKind.STOCK_OUT: Terms(window_days=28, escalate_after_minutes=240),
        AlertKind.BELOW_REORDER_POINT: Terms(),
        AlertKind.PROJECTED_STOCK_OUT: Terms(threshold_days=0, window_days=28),
        AlertKind.OVERSTOCK: Terms(threshold_days=60, window_days=56),
        AlertKind.DEAD_STOCK: Terms(threshold_days=60),
        AlertKind.EXPIRING: Terms(),
        AlertKind.EXPIRED: Terms(escalate_after_minutes=1440),
        AlertKind.NEGATIVE: Terms(escalate_after_minutes=1440),
        AlertKind.CLIMATE_EXCURSION: Terms(escalate_after_minutes=60),
        AlertKind.CLIMATE_GAP: Terms(escalate_after_minutes=240),
        AlertKind.LATE_DELIVERY: Terms(escalate_after_minutes=1440),
    }
)

THRESHOLDS: Mapping[AlertKind, str] = MappingProxyType(
    {
        AlertKind.PROJECTED_STOCK_OUT: "days of warning beyond the lead time",
        AlertKind.OVERSTOCK: "most days of cover",
        AlertKind.DEAD_STOCK: "days without a sale",
        AlertKind.EXPIRING: "days before the expiry date, instead of the freshness rule's",
    }
)
WINDOWED = frozenset({AlertKind.STOCK_OUT, AlertKind.PROJECTED_STOCK_OUT, AlertKind.OVERSTOCK})
ALWAYS_ON = frozenset({AlertKind.BELOW_REORDER_POINT})
"""Suggestions hang on these, so they can be made quiet but not turned off."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What people have set for a kind, for everything or for a store, a brand or a product."""

    enabled: bool = True
    threshold_days: int | None = None
    window_days: int | None = None


Scope: TypeAlias = tuple[str, str, str, str]
"""Kind, GTIN, brand and store of a rule; '' stands for every one."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The stock of one product in one store on a day of its calendar.

    `unsound` is held or expired and part of `on_hand`; `stands_since` is when the oldest lot came.
    """

    store_id: str
    gtin: str
    brand: str
    today: date
    on_hand: int
    reserved: int
    on_order: int
    unsound: int
    lead_time_days: int
    stands_since: date | None = None

    @property
    def sellable(self) -> int:
        """On hand in sound lots less what is reserved."""
        return self.on_hand - self.unsound - self.reserved


def rule_for(rules: Mapping[Scope, Rule], kind: AlertKind, shelf: tuple[str, str, str]) -> Rule | None:
    """Find the rule for (store, brand, GTIN): the product's before the brand's before the general one.

    Within each of these the store's own comes before that of every store.
    """
    store_id, brand, gtin = shelf
    for scope in ((gtin, ""), ("", brand), ("", "")):
        for store in (store_id, ""):
            found = rules.get((kind, *scope, store))
            if found is not None:
                return found
    return None


def terms_of(kind: AlertKind, rule: Rule | None) -> tuple[int, int]:
    """Give threshold and window in days: the rule's, else the kind's own; 0 where the kind has none."""
    default = DEFAULTS[kind]
    threshold = rule.threshold_days if rule and rule.threshold_days is not None else default.threshold_days
    window = rule.window_days if rule and rule.window_days is not None else default.window_days
    return threshold or 0, window or 0


def days_of_cover(sticks: int, mean_daily_sticks: float) -> int:
    """Say for how many whole days the stock lasts at the mean demand; `mean_daily_sticks` is positive.

    Example:
        400 sticks at 30 a day last 13 days.
    """
    return math.floor(max(sticks, 0) / mean_daily_sticks)


def project(shelf: Shelf, mean_daily_sticks: float, threshold_days: int) -> dict[str, Any] | None:
    """Say when the shelf runs out, where that is before an order placed today would arrive.

    Runs out in `days_of_cover`; is alerted where that is less than lead time + threshold. What is on order is
    told, but fills no shelf before it comes.
    """
    if mean_daily_sticks <= 0 or shelf.sellable <= 0:
        return None
    cover = days_of_cover(shelf.sellable, mean_daily_sticks)
    if cover >= shelf.lead_time_days + threshold_days:
        return None
    return {
        "on_hand_sticks": shelf.on_hand,
        "reserved_sticks": shelf.reserved,
        "on_order_sticks": shelf.on_order,
        "mean_daily_sticks": round(mean_daily_sticks, 2),
        "days_of_cover": cover,
        "lead_time_days": shelf.lead_time_days,
        "stock_out_on": shelf.today + timedelta(days=cover),
    }


def excess(shelf: Shelf, mean_daily_sticks: float, limit_days: int) -> dict[str, Any] | None:
    """Say what is on hand beyond `limit_days` of mean demand; where nothing is sold that is dead stock."""
    if mean_daily_sticks <= 0:
        return None
    too_much = shelf.on_hand - math.ceil(mean_daily_sticks * limit_days)
    if too_much <= 0:
        return None
    return {
        "on_hand_sticks": shelf.on_hand,
        "mean_daily_sticks": round(mean_daily_sticks, 2),
        "days_of_cover": days_of_cover(shelf.on_hand, mean_daily_sticks),
        "limit_days": limit_days,
        "excess_sticks": too_much,
    }


def dead(shelf: Shelf, last_sale_day: date | None, after_days: int) -> dict[str, Any] | None:
    """Say since when stock lies without a sale, where that is `after_days` or longer.

    It counts from the last sale or from the day when the oldest lot came, whichever is later: what came back
    after months without stock is not dead yet.
    """
    since = max((day for day in (last_sale_day, shelf.stands_since) if day is not None), default=None)
    if shelf.on_hand <= 0 or since is None or (shelf.today - since).days < after_days:
        return None
    return {
        "on_hand_sticks": shelf.on_hand,
        "last_sold_on": last_sale_day,
        "stands_since": shelf.stands_since,
        "limit_days": after_days,
    }

"""What alerts are of, which terms each kind has by default, and when a shelf needs one; sticks and days."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeAlias

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

"""How suppliers are measured: lead times, fill rate, punctuality and quality, on plain values."""

from collections.abc import Sequence
from statistics import fmean, median, stdev

import msgspec

MINIMUM_DELIVERIES = 5
NEWEST_DELIVERIES = 100
TOLD_DAYS = 0.25
"""A mean or deviation that moves by less is noise, and levels are not worked out anew for it."""

_MAD_TO_SD = 1.4826
_FAR_SDS = 3.0
_LEAST_SCALE_DAYS = 0.5


class LeadTime(msgspec.Struct, frozen=True, kw_only=True):
    """From placing to the first receipt, in days, of `deliveries` that are not outliers."""

    mean_days: float
    sd_days: float
    deliveries: int
    outliers: int


def lead_time(days: Sequence[float]) -> LeadTime | None:
    """Measure the lead time of the deliveries given; None for fewer than five that are alike.

    An outlier lies further from the median than 3 * 1.4826 * MAD (Hampel's identifier; F. R. Hampel, The
    influence curve and its role in robust estimation, JASA 69, 1974; C. Leys et al., Detecting outliers, J.
    Exp. Soc. Psychol. 49, 2013), where 1.4826 * MAD is taken as half a day at least: most deliveries come on
    the same day, and one a day later is no outlier. Mean and sample deviation are of the rest.

    Example:
        `lead_time([3, 3, 4, 3, 2, 40])` is a mean of 3.0 and a deviation of 0.71 of 5, with 1 outlier.
    """
    if len(days) < MINIMUM_DELIVERIES:
        return None
    middle = median(days)
    scale = max(_MAD_TO_SD * median(abs(each - middle) for each in days), _LEAST_SCALE_DAYS)
    kept = [each for each in days if abs(each - middle) <= _FAR_SDS * scale]
    if len(kept) < MINIMUM_DELIVERIES:
        return None
    return LeadTime(
        mean_days=fmean(kept), sd_days=stdev(kept), deliveries=len(kept), outliers=len(days) - len(kept)
    )


def moved(before: tuple[float, float] | None, after: LeadTime) -> bool:
    """Tell whether (mean, deviation) in days have moved so far that others should know."""
    if before is None:
        return True
    return abs(before[0] - after.mean_days) >= TOLD_DAYS or abs(before[1] - after.sd_days) >= TOLD_DAYS


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier's orders and receipts came to in a period."""

    orders_placed: int = 0
    orders_closed: int = 0
    orders_failed: int = 0
    orders_promised: int = 0
    orders_on_time: int = 0
    requested_sticks: int = 0
    filled_sticks: int = 0
    receipts: int = 0
    received_sticks: int = 0
    short_sticks: int = 0
    over_sticks: int = 0
    wrong_product_sticks: int = 0
    damaged_sticks: int = 0
    returned_sticks: int = 0
    price_differences: int = 0


def fill_rate(counts: Counts) -> float | None:
    """Received of requested, by quantity, of orders that were closed; at most 1 a line, None without any."""
    return counts.filled_sticks / counts.requested_sticks if counts.requested_sticks else None


def on_time_rate(counts: Counts) -> float | None:
    """Of the closed orders with a promised day, those whose last goods came no later."""
    return counts.orders_on_time / counts.orders_promised if counts.orders_promised else None


def quality_score(counts: Counts) -> float | None:
    """Score what came in from 100 (faultless) to 0; None where nothing did.

    100 * (1 - (max(damaged + wrong product, returned) + over / 2) / received)
    - 10 * price differences / receipts, at least 0. Goods that went back are mostly those that were damaged
    or wrong, so the greater of the two counts. What is short is in the fill rate alone.

    Example:
        Of 10,000 sticks 200 were damaged, 300 went back and 100 were too many, with 1 price difference in 4
        receipts: 100 * (1 - 350 / 10,000) - 2.5 = 94.0.
    """
    if not counts.received_sticks:
        return None
    bad = max(counts.damaged_sticks + counts.wrong_product_sticks, counts.returned_sticks)
    faults = (bad + counts.over_sticks / 2) / counts.received_sticks
    priced = 10 * counts.price_differences / counts.receipts if counts.receipts else 0.0
    return max(0.0, 100 * (1 - faults) - priced)

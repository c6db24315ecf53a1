"""What a customer sells of a product a day, from its own orders and forecasts: plain values."""

from collections.abc import Sequence
from math import sqrt
from typing import Literal, NamedTuple, TypeAlias

Basis: TypeAlias = Literal["forecast", "history", "none"]


class Demand(NamedTuple):
    """Mean and deviation a day, in sticks, and what they rest on."""

    mean_per_day: float
    sd_per_day: float
    basis: Basis


def demand_of(
    requested: Sequence[int], days_per_cycle: int, forecast_per_day: float | None, multiple: int
) -> Demand:
    """Estimate demand from what was requested in each past cycle, the oldest first, and from a forecast.

    Requests count and not what was supplied, for caps censor that; cycles before the first request do not.
    A forecast gives the mean where there is one. The deviation of cycles, spread over their days, is never
    taken as less than that of a Poisson process of cartons: a short history looks steadier than it is.
    Requests of 1,400, 2,800 and 2,800 sticks in weeks: 333.3 a day, deviation 808.3 / √7 = 305.5, but at
    least √(1.67) cartons of 200, which is 258.2.
    """
    first = next((n for n, sticks in enumerate(requested) if sticks), len(requested))
    known = requested[first:]
    mean = sum(known) / (len(known) * days_per_cycle) if known else 0.0
    basis: Basis = "history" if known else "none"
    deviation = 0.0
    if len(known) > 1:
        average = sum(known) / len(known)
        variance = sum((sticks - average) ** 2 for sticks in known) / (len(known) - 1)
        deviation = sqrt(variance / days_per_cycle)
    if forecast_per_day is not None:
        mean, basis = forecast_per_day, "forecast"
    return Demand(mean, max(deviation, sqrt(mean / multiple) * multiple), basis)

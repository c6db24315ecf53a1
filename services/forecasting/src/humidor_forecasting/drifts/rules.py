"""When a series' published forecasts have drifted."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

STALE_DAYS = 28
"""An episode that nothing could be judged of for so long is over: the series is forecast no more."""


@dataclass(frozen=True)
class Judged:
    """What was forecast of the last days of a series, and what was demanded; in sticks.

    `error_sticks` is the sum of absolute errors by day, each against the newest forecast that was
    published by then; days on which demand cannot be known are not among the `days` of a `window`.
    """

    store_id: str
    gtin: str
    until: date
    forecast_id: UUID
    model: str
    window: int
    days: int
    error_sticks: float
    demanded_sticks: float
    forecast_sticks: float
    expected_wape: float
    band: float

    @property
    def enough(self) -> bool:
        return self.days * 2 >= self.window

    @property
    def wape(self) -> float:
        return wape_of(self.error_sticks, self.demanded_sticks, self.forecast_sticks)

    @property
    def outside(self) -> bool:
        return self.wape > self.band

    @property
    def bias_sticks(self) -> float:
        """By how much a day was forecast too high, on average."""
        return (self.forecast_sticks - self.demanded_sticks) / self.days


def wape_of(error: float, demanded: float, forecast: float) -> float:
    """Absolute errors by demand, or by what was forecast if that was less: so it tells rises and falls.

    By demand alone no rise could have more than 1. At least a quarter of the greater of the two counts,
    which bounds it at 4: 280 forecast and 0 demanded give 280 / 70. Nothing and nothing is no error.
    """
    whole = max(min(demanded, forecast), max(demanded, forecast) / 4.0)
    return error / whole if whole > 0 else 0.0

"""Order-up-to levels of three ways: a published forecast's quantiles, a moving average, mean and deviation.

Every way is asked at each review with what was sold until the evening before, and gives one level for each of
its settings: the cycle service for ours, the safety factor z for the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil, sqrt
from typing import TypeAlias
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from humidor_common.events.forecasting import ForecastPublished
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.forecasts.events import Issue, to_event
from humidor_forecasting.runs.rules import PROBABILITIES, Recorded, closed_places
from humidor_inventory.forecasts.rules import complaint
from humidor_inventory.forecasts.service import row_of
from humidor_inventory.policies.prepare import Known, prepare
from humidor_inventory.policies.rules.calculate import calculate
from humidor_inventory.policies.schemas import PolicyInput
from humidor_inventory.policies.sources import of_forecast
from humidor_inventory.policies.told import Told

Table: TypeAlias = NDArray[np.float64]
HORIZON = 28
"""As a run has it where nobody says otherwise."""
FACTORS = tuple(round(-1.5 + 0.25 * i, 2) for i in range(27))
"""Of the normal deviation: from 7 % cycle service to what no shop would ask for."""
SERVICES = tuple(float(each) for each in ndtr(FACTORS))
"""The cycle services of those factors, so that every way is asked in the same steps and as far."""


@dataclass(frozen=True)
class Interval:
    """What an order has to last for: lead time with its deviation, and the days to the next review."""

    lead_time: float
    deviation: float
    review: int

    @property
    def days(self) -> float:
        return self.lead_time + self.review


def forecast(history: Table, first: date, trading: Mapping[date, int], incumbent: str | None) -> Told:
    """What inventory knows once the service has forecast this history and published it."""
    until = first + timedelta(days=len(history) - 1)
    begin = int(np.argmax(history > 0))
    recorded = Recorded("S", "1", first + timedelta(days=begin), until, (), (), ())
    output = forecast_series(
        SeriesInput(
            store_id="S", gtin="1", first_ordinal=recorded.first_day.toordinal(),
            values=[float(each) for each in history[begin:]], horizon=HORIZON, incumbent=incumbent,
            probabilities=list(PROBABILITIES), closed=closed_places(recorded, trading),
            seconds_per_model=60.0,
        )
    )  # fmt: skip
    moment = datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)
    issue = Issue(UUID(int=0), moment, moment, until + timedelta(days=1), PROBABILITIES)
    model = (output.model, output.model_version)
    return told_by(to_event(("S", "1"), model, issue, (output.days, output.cumulative)))


def told_by(event: ForecastPublished) -> Told:
    """Read an event as inventory does.

    Raises:
        ValueError: Inventory would refuse it.
    """
    if wrong := complaint(event):
        raise ValueError(wrong)
    return of_forecast(row_of((event.store_id, event.gtin), event) | {"lapsed": False})


def by_forecast(told: Told, interval: Interval, services: Sequence[float] = SERVICES) -> list[int]:
    """Levels by inventory's own policy (R, S) at these cycle services."""
    given = PolicyInput(
        policy="R_S",
        demand={"source": "forecast"},
        lead_time_days=interval.lead_time,
        lead_time_sd_days=interval.deviation,
        review_days=interval.review,
        price_bands=[],
        service={"kind": "cycle", "target": 0.95},
    )
    terms = prepare(given, Known(told=told))
    asked = (msgspec.structs.replace(terms, service_target=each) for each in services)
    return [calculate(each).order_up_to for each in asked]


def by_moving_average(history: Table, weeks: int, interval: Interval) -> list[int]:
    """Mean of the last weeks, and z times the deviation of its errors over the interval.

    The errors are those of the moving average one day ahead over all of the history, their root mean square
    taken as the deviation of independent days (Silver, Pyke & Thomas 2017, ch. 3, 6).
    """
    window = weeks * 7
    sums = np.concatenate([[0.0], np.cumsum(history)])
    means = (sums[window:] - sums[:-window]) / window
    errors = history[window:] - means[:-1]
    return _levels(float(means[-1]), float(np.sqrt((errors**2).mean())), interval)


def by_deviation(history: Table, interval: Interval) -> list[int]:
    """Mean of the history, and z times its deviation over the interval."""
    return _levels(float(history.mean()), float(history.std(ddof=1)), interval)


def _levels(mean: float, deviation: float, interval: Interval) -> list[int]:
    """D (L + R) + z sqrt((L + R) sd² + d² sd_L²), in whole units upwards as ours are."""
    spread = sqrt(interval.days * deviation**2 + (mean * interval.deviation) ** 2)
    return [max(0, ceil(mean * interval.days + z * spread - 1e-9)) for z in FACTORS]

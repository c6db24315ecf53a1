"""Series for benches of forecasts: two years of days of all four kinds of demand, made from a seed.

They are as runs gather them: holidays and a promotion known ahead, a stock-out here and there.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np

from humidor_forecasting.calendars import holidays_between
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.runs.rules import (
    PROBABILITIES,
    CalendarDays,
    Promotion,
    Recorded,
    calendar_days,
    known_columns,
)

DAYS, HORIZON = 730, 28
UNTIL = date(2026, 11, 25)
FIRST = UNTIL - timedelta(days=DAYS - 1)
KINDS = ("smooth", "erratic", "intermittent", "lumpy")
WEEK = np.array([0.8, 0.9, 0.9, 1.0, 1.3, 1.5, 0.7])


def make_series(number: int) -> SeriesInput:
    """Make one series; kinds take turns."""
    random = np.random.default_rng(number)
    level = random.uniform(4, 60) * np.cumprod(1 + random.normal(0, 0.004, DAYS))
    yearly = 1 + 0.15 * np.sin(2 * np.pi * np.arange(DAYS) / 365.25 + random.uniform(0, 6))
    mean = level * yearly * np.resize(WEEK, DAYS)
    shape = {"smooth": 20.0, "erratic": 1.2, "intermittent": 20.0, "lumpy": 1.0}[KINDS[number % 4]]
    packs = random.poisson(random.gamma(shape, mean / shape))
    if number % 4 >= 2:
        packs *= random.random(DAYS) < 0.35
    recorded = Recorded("S0001", f"{number:014d}", FIRST, UNTIL, (), (), ())
    offers = [Promotion(UNTIL - timedelta(days=100), UNTIL - timedelta(days=94))]
    return SeriesInput(
        store_id="S0001",
        gtin=f"{number:014d}",
        first_ordinal=FIRST.toordinal(),
        values=[float(20 * each) for each in packs],
        horizon=HORIZON,
        probabilities=list(PROBABILITIES),
        censored=[int(each) for each in random.choice(DAYS, 5, replace=False)],
        known=known_columns(recorded, HORIZON, offers, _calendar()),
    )


@cache
def _calendar() -> CalendarDays:
    last = UNTIL + timedelta(days=HORIZON)
    new_years = [date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6)]
    return calendar_days(FIRST, last, set(holidays_between(FIRST, last)), new_years)

"""Promotions and the lunar new year, from the calendar and what people plan to the forecasts published."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_forecasting.calendars import days_to_lunar_new_year, holidays_between, lunar_new_year
from humidor_forecasting.runs.gathering import gather
from humidor_forecasting.runs.queries import Run
from humidor_forecasting.runs.rules import PROBABILITIES
from humidor_forecasting.testing.market import (
    GTIN,
    Market,
    days_of_sales,
    identity,
    product,
    store,
    store_day,
)
from humidor_forecasting.testing.publishing import publish
from humidor_forecasting.testing.running import work_off

WEEK = [10, 12, 11, 13, 20, 25, 8]
NEW_YEARS = [date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6)]
NIGHT = datetime(2026, 2, 1, 20, tzinfo=UTC)
"""Early on 2 February 2026 in Shanghai: the new year is the sixteenth of the days ahead."""


@pytest.mark.parametrize("day", NEW_YEARS, ids=str)
def test_the_lunar_new_year_is_when_it_was_and_will_be(day: date) -> None:
    assert lunar_new_year(day.year) == day
    assert [days_to_lunar_new_year(day + timedelta(days=n)) for n in (-21, 0, 14)] == [-21, 0, 14]
    assert holidays_between(day, day)[day] == "Spring Festival"


def test_the_time_of_the_lunar_new_year_is_known_by_the_nearest_one() -> None:
    assert days_to_lunar_new_year(date(2026, 8, 1)) == (date(2026, 8, 1) - NEW_YEARS[3]).days
    assert days_to_lunar_new_year(date(2026, 12, 1)) == (date(2026, 12, 1) - NEW_YEARS[4]).days


async def sold(market: Market, first: date, until: date, times: Any) -> None:
    """Sell the same week again and again, so many times as much on a day, from `first` to `until`."""
    count = (until - first).days + 1
    amounts = [round(WEEK[n % 7] * times(first + timedelta(days=n))) for n in range(count)]
    await market.know(product(), store())
    await market.sold(*days_of_sales(amounts, until=until + timedelta(days=1)))


async def published(market: Market) -> dict[date, float]:
    view = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    first = date.fromisoformat(view["starts_on"])
    return {first + timedelta(days=n): day["mean_sticks"] for n, day in enumerate(view["days"])}


async def test_a_promotion_that_is_planned_raises_its_days_as_earlier_ones_did(market: Market) -> None:
    today = store_day()
    weeks = {name: today + timedelta(days=n) for name, n in (("p1", -150), ("p2", -90), ("p3", 7))}
    days = {begin + timedelta(days=n) for begin in weeks.values() for n in range(7)}
    await sold(
        market, today - timedelta(days=200), today - timedelta(days=1), lambda d: 1.6 if d in days else 1
    )
    for name, begin in weeks.items():
        offer = {
            "name": "Shelf display", "starts_on": begin.isoformat(), "store_ids": ["S0001"], "gtins": [GTIN],
            "ends_on": (begin + timedelta(days=6)).isoformat(), "mechanic": "display", "reason": "agreed",
        }  # fmt: skip
        await market.ask("PUT", f"/v1/promotions/{name}", json=offer, expect=201)
    await work_off(market, {"models": ["seasonal_naive", "auto_ets"], "horizon_days": 21})
    made = list((await published(market)).values())
    before, during, after = (sum(made[n : n + 7]) / (20 * sum(WEEK)) for n in (0, 7, 14))
    assert 0.9 < before < 1.1
    assert 1.35 < during < 1.75
    assert 0.9 < after < 1.1


async def test_the_week_of_the_new_year_is_forecast_low_where_the_last_one_was(market: Market) -> None:
    week = {day + timedelta(days=n) for day in NEW_YEARS for n in range(-1, 7)}
    first, until = date(2025, 1, 6), date(2026, 2, 1)
    await sold(market, first, until, lambda day: 0.3 if day in week else 1.0)
    await publish(market, ["S0001"], at=NIGHT)
    made = await published(market)
    assert min(made) == date(2026, 2, 2)
    usual = {day: 20 * WEEK[(day - first).days % 7] for day in made}
    low, high = (
        [made[day] / usual[day] for day in made if (day in week) is inside] for inside in (True, False)
    )
    assert len(low) == 8
    assert 0.2 < sum(low) / len(low) < 0.65
    assert 0.85 < sum(high) / len(high) < 1.15


async def test_models_get_the_time_around_the_new_year_apart(market: Market) -> None:
    await sold(market, date(2025, 12, 1), date(2026, 2, 1), lambda _: 1.0)
    run = Run(
        run_id=identity("run"), horizon_days=28, probabilities=list(PROBABILITIES), ladder=[], versions={},
        data_until=NIGHT, series_total=1, lease=1,
    )  # fmt: skip
    async with transaction(market.runtime.pool) as conn:
        found = await gather(conn, run, [("S0001", GTIN)], seconds_per_model=1.0)
    series, starts_on = found["S0001", GTIN]
    first = date.fromordinal(series.first_ordinal)
    assert starts_on == date(2026, 2, 2)
    columns = {
        name: {first + timedelta(days=n): value for n, value in enumerate(column) if value}
        for name, column in series.known.items()
    }
    before = list(columns["spring_before"].items())
    assert [day for day, _ in before] == [date(2026, 1, 27) + timedelta(days=n) for n in range(21)]
    assert [share for _, share in before] == pytest.approx([(n + 1) / 21 for n in range(21)])
    assert "spring_during" not in columns, "it has not moved in this history, so nothing can be learnt of it"
    assert date(2026, 1, 1) in columns["holiday"]
    assert date(2026, 2, 17) in columns["holiday"]

"""Reads the history of demand."""

from datetime import date, timedelta
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_forecasting.calendars import holidays_between
from humidor_forecasting.demand import queries
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import DemandView, Grain, PeriodView

MOST_DAYS = 1830


async def read_demand(conn: Connection, wanted: Wanted) -> DemandView:
    """Read demand of a level by day, week or month.

    Raises:
        Problem: 422 where the days are in the wrong order or too many.
    """
    if wanted.last < wanted.first:
        raise invalid("last_day", "lies before first_day")
    if (wanted.last - wanted.first).days >= MOST_DAYS:
        raise invalid("first_day", f"at most {MOST_DAYS} days can be read at once")
    rows = await queries.read_periods(conn, wanted)
    names = holidays_between(wanted.first, wanted.last)
    return DemandView(
        store_level=wanted.store_level,
        product_level=wanted.product_level,
        grain=wanted.grain,
        channel=wanted.channel,
        first_day=wanted.first,
        last_day=wanted.last,
        periods=[_period(row, wanted.grain, names) for row in rows],
    )


def _period(row: Any, grain: Grain, names: dict[date, str]) -> PeriodView:
    start: date = row["starts_on"]
    return PeriodView(
        starts_on=start,
        demand_sticks=row["sold"] + row["requested"],
        sold_sticks=row["sold"],
        requested_sticks=row["requested"],
        cut_sticks=row["cut"],
        amount_minor=row["amount"],
        currency=row["currency"],
        price_minor_per_stick=row["price"],
        days_with_demand=row["days"],
        stock_out_series=row["series"],
        promotions=row["promotions"],
        holidays=list(dict.fromkeys(names[day] for day in _days(start, grain) if day in names)),
        closed_days=row["closed"],
        censored=row["series"] > 0 or row["cut"] > 0,
    )


def _days(start: date, grain: Grain) -> list[date]:
    length = {"day": 1, "week": 7, "month": 31}[grain]
    days = [start + timedelta(days=i) for i in range(length)]
    return [day for day in days if grain != "month" or day.month == start.month]

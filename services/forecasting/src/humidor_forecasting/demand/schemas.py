"""What callers see of demand."""

from datetime import date, datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel

Grain: TypeAlias = Literal["day", "week", "month"]
Channel: TypeAlias = Literal["retail", "trade", "both"]


class SeriesView(BaseModel):
    """Demand of a product in a store has been seen from `first_day` to `last_day`."""

    store_id: str
    gtin: str
    first_day: date
    last_day: date
    changed_at: datetime


class PeriodView(BaseModel):
    """Demand of one day, week (from its Monday) or month.

    `demand_sticks` is what was wanted: sold over the counter, net of voids and returns, and requested by
    trade customers, also where a cap cut it (`cut_sticks`). `stock_out_series` counts the series that
    were sold out at some time of the period; `censored` tells that demand was, or may have been, higher than
    what was sold. Money in minor units; None where nobody told a price.
    """

    starts_on: date
    demand_sticks: int
    sold_sticks: int
    requested_sticks: int
    cut_sticks: int
    amount_minor: int
    currency: str | None
    price_minor_per_stick: float | None
    days_with_demand: int
    stock_out_series: int
    promotions: list[str]
    holidays: list[str]
    closed_days: int
    censored: bool


class DemandView(BaseModel):
    """A history of demand; periods without any have zeros, on closed days nothing at all was sold."""

    store_level: str
    product_level: str
    grain: Grain
    channel: Channel
    first_day: date
    last_day: date
    periods: list[PeriodView]

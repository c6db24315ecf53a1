"""What callers see of a supplier's score."""

from datetime import date

from pydantic import BaseModel


class LeadTimeView(BaseModel):
    """From placing to the first receipt, in days, over the newest deliveries without outliers."""

    mean_days: float
    sd_days: float
    deliveries: int
    outliers: int


class ScorecardView(BaseModel):
    """How a supplier did in whole months, `first_month` to `last_month`; rates are from 0 to 1.

    `lead_time` is of the newest 100 deliveries whatever the months, and null for fewer than five;
    `last_days` is the mean from placing to the last receipt of the orders completed in the months.
    `quality_score` is from 0 to 100.
    """

    supplier_id: str
    store_id: str | None
    first_month: date
    last_month: date
    lead_time: LeadTimeView | None
    stated_lead_time_days: int
    planned_lead_time_days: float
    first_days: float | None
    last_days: float | None
    on_time_rate: float | None
    fill_rate: float | None
    quality_score: float | None
    orders_placed: int
    orders_closed: int
    orders_failed: int
    orders_promised: int
    orders_on_time: int
    requested_sticks: int
    filled_sticks: int
    receipts: int
    received_sticks: int
    short_sticks: int
    over_sticks: int
    wrong_product_sticks: int
    damaged_sticks: int
    returned_sticks: int
    price_differences: int

"""What callers see of a decomposition."""

from datetime import date

from pydantic import BaseModel

from humidor_forecasting.demand.schemas import Channel


class PartsView(BaseModel):
    """Demand of a day in sticks, cleaned, and the parts that add up to it."""

    day: date
    demand_sticks: float
    trend_sticks: float
    weekly_sticks: float
    yearly_sticks: float
    holiday_sticks: float
    promotion_sticks: float
    remainder_sticks: float


class DecompositionView(BaseModel):
    """Demand taken apart, from the first day with any.

    Strengths go from 0 to 1 (FPP3 §4.3) and are None where nothing varies or the history is too short.
    `effects` are sticks that a day of each kind adds: `holiday`, the three phases around the lunar new year,
    `promotion`. `notes` say what was done to the data and what could not be told.
    """

    store_level: str
    product_level: str
    channel: Channel
    method: str
    days: list[PartsView]
    trend_strength: float | None
    weekly_strength: float | None
    yearly_strength: float | None
    effects: dict[str, float]
    notes: list[str]

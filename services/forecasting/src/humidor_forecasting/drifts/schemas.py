"""What callers see of drifting forecasts."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel


class DriftView(BaseModel):
    """An episode in which the error of a series' published forecasts was outside its band.

    `wape` is that of the `days` judged days up to `until`, `worst_wape` the highest of the episode,
    `expected_wape` that of windows of the backtest, `band` the most that was to be expected. `bias_sticks`
    is by how much a day was forecast too high. `closed_at` is None as long as the error is outside.
    """

    drift_id: UUID
    store_id: str
    gtin: str
    forecast_id: UUID
    model: str
    opened_on: date
    until: date
    days: int
    wape: float
    worst_wape: float
    expected_wape: float
    band: float
    bias_sticks: float
    noticed_at: datetime
    closed_at: datetime | None

"""What callers see of readings."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from humidor_common.web.pagination import Page

Resolution = Literal["raw", "5m", "1h"]


class PointView(BaseModel):
    """One reading, or all of a span that begins at `at`; means are over the readings, not over time."""

    at: datetime
    readings: int
    temperature_mean_c: float | None
    temperature_min_c: float | None
    temperature_max_c: float | None
    humidity_mean_pct: float | None
    humidity_min_pct: float | None
    humidity_max_pct: float | None
    light_mean_lux: float | None
    light_min_lux: float | None
    light_max_lux: float | None


class SeriesView(Page[PointView]):
    """A page of a device's series, and how fine it is."""

    device_id: str
    resolution: Resolution


class CompletenessView(BaseModel):
    """How many readings came, how many of them numbered, and how many numbers between them are missing."""

    device_id: str
    readings: int
    numbered: int
    missing: int


class RefusalView(BaseModel):
    """What was refused of a device, counted by reason; `sample` is the beginning of the last one.

    `store_id` and `device_id` are empty where nobody is known who could have sent it.
    """

    store_id: str
    device_id: str
    channel: str
    code: str
    refused: int
    first_at: datetime
    last_at: datetime
    detail: str
    sample: str

"""What callers see of excursions, exposures and gaps; values in degrees Celsius, per cent or lux."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

Measure = Literal["temperature", "humidity", "light"]
ExcursionState = Literal["open", "ended", "withdrawn"]


class ExcursionView(BaseModel):
    """Time outside the limits beyond the grace period.

    `deviation_minutes` is deviation x minutes over what is known (degree-minutes for temperature);
    `unknown_minutes` are those of no data, which count neither as inside nor as outside. `withdrawn` is
    what a late reading showed never to have been.
    """

    excursion_id: UUID
    store_id: str
    zone_id: str
    measure: Measure
    state: ExcursionState
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    peak_value: float
    limit_value: float
    deviation_minutes: float
    outside_minutes: float
    unknown_minutes: float
    version: int


class ExposureView(BaseModel):
    """A lot that lay in a zone during an excursion, and when; the last four are the excursion's."""

    excursion_id: UUID
    store_id: str
    zone_id: str
    measure: Measure
    state: ExcursionState
    gtin: str
    lot: str
    exposed_from: datetime
    exposed_until: datetime
    minutes: float
    sticks: int
    peak_value: float | None
    limit_value: float
    deviation_minutes: float
    started_at: datetime
    ended_at: datetime | None


class GapView(BaseModel):
    """A device was not heard of since `started_at`, for longer than its zone allows."""

    device_no: int
    device_id: str
    store_id: str
    zone_id: str
    started_at: datetime
    ended_at: datetime | None

"""What goods went through where they are kept."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event


class ExposedLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that lay there, and when; `lot` is empty where nobody knows the lot."""

    gtin: str
    lot: str
    quantity_sticks: int
    exposed_from: datetime
    exposed_until: datetime


class ClimateExcursion(Event, frozen=True, kw_only=True):
    """A zone was outside its limits beyond the grace period, or no longer is, or never was after all.

    Values are in degrees Celsius, per cent relative humidity or lux by `measure`; `deviation_minutes` is
    deviation x minutes. `lots_total` may be more than the lots named; the excursion's page has them all.
    """

    TYPE: ClassVar[str] = "inventory.climate-excursion.v1"
    TOPIC: ClassVar[str] = "inventory.climate.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "excursion_id"

    excursion_id: UUID
    store_id: str
    zone_id: str
    phase: Literal["started", "ended", "corrected", "withdrawn"]
    measure: Literal["temperature", "humidity", "light"]
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    peak_value: float
    limit_value: float
    deviation_minutes: float
    outside_minutes: float
    unknown_minutes: float
    lots: list[ExposedLot]
    lots_total: int
    told_at: datetime

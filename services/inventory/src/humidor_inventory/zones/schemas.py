"""What callers send and see of zones and of what lies in them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from humidor_inventory.inputs import Gtin, Input, LotCode, Name, StoreId

ZoneId = StoreId
Celsius = Annotated[float, Field(ge=-40, le=85, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Lux = Annotated[float, Field(ge=0, le=200_000, allow_inf_nan=False)]


class Limits(Input):
    """What a zone shall keep within; null is no limit. Degrees Celsius, per cent relative humidity, lux."""

    temperature_min_c: Celsius | None = None
    temperature_max_c: Celsius | None = None
    humidity_min_pct: Percent | None = None
    humidity_max_pct: Percent | None = None
    light_max_lux: Lux | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        for name, low, high in (
            ("temperature", self.temperature_min_c, self.temperature_max_c),
            ("humidity", self.humidity_min_pct, self.humidity_max_pct),
        ):
            if low is not None and high is not None and low >= high:
                raise ValueError(f"the least {name} must be below the greatest")
        return self


class ZoneInput(Input):
    """A zone as it shall be; without `limits` it gets those for its kind of store."""

    name: Name
    limits: Limits | None = None
    grace_minutes: Annotated[int, Field(ge=0, le=10_080)] = 30
    interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    gap_intervals: Annotated[int, Field(ge=1, le=100)] = 3
    policy: Literal["any", "mean"] = "any"

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "back room",
                    "limits": {"temperature_max_c": 30, "humidity_min_pct": 55, "humidity_max_pct": 65},
                    "grace_minutes": 30,
                    "interval_seconds": 300,
                }
            ]
        },
    )


class ZoneView(BaseModel):
    """A zone as it is; `is_default` where the store's goods lie unless something else is said."""

    store_id: str
    zone_id: str
    name: str
    limits: Limits
    grace_minutes: int
    interval_seconds: int
    gap_intervals: int
    policy: str
    is_default: bool
    version: int
    changed_at: datetime


class Placement(Input):
    """Where something lies: a lot, without `lot` a product, without `gtin` all of the store.

    `zone_id` null ends what was said of it, so that the next less special saying holds again.
    """

    zone_id: ZoneId | None
    gtin: Gtin | None = None
    lot: LotCode | None = None

    @model_validator(mode="after")
    def _check_level(self) -> Self:
        if self.lot is not None and self.gtin is None:
            raise ValueError("a lot is one of a product: give its gtin")
        return self


class PlacementsInput(Input):
    """Placements of one store from `since` on, which is now unless it is said."""

    store_id: StoreId
    placements: Annotated[list[Placement], Field(min_length=1, max_length=1000)]
    since: AwareDatetime | None = None


class PlacementView(BaseModel):
    """A placement and how long it held; null until is still."""

    store_id: str
    zone_id: str
    gtin: str | None
    lot: str | None
    placed_from: datetime
    placed_until: datetime | None
    placed_by: str


class LyingLot(BaseModel):
    """A lot that lies in a zone, in sticks; `lot` is empty where nobody knows the lot."""

    gtin: str
    lot: str
    sticks: int
    lies_since: datetime | None

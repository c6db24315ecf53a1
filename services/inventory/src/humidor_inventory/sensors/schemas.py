"""What callers send and see of devices."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from humidor_inventory.inputs import Input, Name, StoreId
from humidor_inventory.zones.schemas import ZoneId

DeviceId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]
"""No underscore, which parts a key, and nothing that means something in an MQTT topic."""


class DeviceInput(Input):
    """A device as it shall be: a sensor in a zone, or a hub that passes on for the sensors of its store.

    The offsets are added to what the sensor says (degrees Celsius, per cent relative humidity) as it comes
    in.
    """

    store_id: StoreId
    zone_id: ZoneId | None = None
    kind: Literal["sensor", "hub"] = "sensor"
    name: Name
    temperature_offset_c: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)] = 0.0
    humidity_offset_pct: Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)] = 0.0
    calibrated_on: date | None = None
    since: AwareDatetime | None = None

    @model_validator(mode="after")
    def _check_zone(self) -> Self:
        if (self.kind == "sensor") != (self.zone_id is not None):
            raise ValueError("a sensor hangs in a zone, a hub in none")
        return self


class NewDevice(DeviceInput):
    """A device to be registered; without an id it gets one."""

    device_id: DeviceId | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"device_id": "back-1", "store_id": "S0001", "zone_id": "back-room", "name": "rack 1, top"}
            ]
        },
    )


class DeviceKey(BaseModel):
    """The key is shown this once, only its hashes are kept; over MQTT user `device_id` has it as password."""

    device_id: str
    key: str
    topic: str


class DeviceView(BaseModel):
    """A device without its key, and what was last heard of it."""

    device_id: str
    store_id: str
    zone_id: str | None
    kind: str
    name: str
    temperature_offset_c: float
    humidity_offset_pct: float
    calibrated_on: date | None
    state: str
    version: int
    created_at: datetime
    changed_at: datetime
    last_seen_at: datetime | None
    measured_at: datetime | None
    temperature_c: float | None
    humidity_pct: float | None
    light_lux: float | None
    battery_pct: int | None
    online: bool | None

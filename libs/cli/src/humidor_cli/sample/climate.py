"""The back room of the selling store, two sensors and their last day, for something to look at."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from humidor_cli.sample.api import SampleApi, SampleError
from humidor_cli.sample.business import SELLING_STORE_ID

ZONE_ID = "back-room"
SENSORS = {"back-room-door": 0.0, "back-room-rack": -0.8}
"""Each with how much warmer it is there than in the room, in degrees Celsius."""
KEYS_FILE = "secrets/sample-sensors.json"
_EVERY = timedelta(minutes=15)


async def watch_climate(api: SampleApi) -> None:
    """Make the zone and the sensors, and push a day of readings; nobody measures after that."""
    zone = {
        "name": "后库",
        "limits": {
            "temperature_min_c": 10,
            "temperature_max_c": 25,
            "humidity_min_pct": 55,
            "humidity_max_pct": 65,
        },
        # Of a real one it would be minutes: here nobody is to be alarmed within the first day.
        "interval_seconds": 3600,
        "gap_intervals": 24,
    }
    await api.put(f"/inventory/v1/climate/zones/{SELLING_STORE_ID}/{ZONE_ID}", zone)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    keys = api.home.read(KEYS_FILE)
    for name, warmer_c in SENSORS.items():
        if name not in keys:
            keys[name] = await _key(api, name, now - timedelta(days=2))
            api.home.write(KEYS_FILE, keys)
        await api.post_as_device("/inventory/v1/climate/readings", day_before(now, warmer_c), keys[name])


def day_before(now: datetime, warmer_c: float) -> list[dict[str, Any]]:
    """Give a day in which it is warmest in the afternoon, always inside the limits."""
    readings = []
    for step in range(96, 0, -1):
        at = now - step * _EVERY
        swing = math.cos((at.hour * 60 + at.minute - 7 * 60) / 1440 * 2 * math.pi)
        temp_c, rh_pct = round(21.5 + 1.8 * swing + warmer_c, 1), round(60 - 3 * swing, 1)
        readings.append(
            {"ts": at.isoformat(), "temp_c": temp_c, "rh_pct": rh_pct, "lux": 0, "seq": 96 - step}
        )
    return readings


async def _key(api: SampleApi, name: str, since: datetime) -> str:
    """Register a sensor; one whose key was lost by a start cut short gets another."""
    device = {"device_id": name, "store_id": SELLING_STORE_ID, "zone_id": ZONE_ID, "name": name}
    try:
        made = await api.post("/inventory/v1/climate/devices", device | {"since": since.isoformat()})
    except SampleError as error:
        if " 409 " not in str(error):
            raise
        made = await api.post(f"/inventory/v1/climate/devices/{name}:rotate", {})
    return str(made["key"])

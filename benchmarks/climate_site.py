"""Stores with a zone, a hub and sensors each, and readings that nobody has sent yet."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from benchmarks.system import Database, Process, System

STORES, SHORT_STORES = 50, 10
SENSORS = 40
STEP = timedelta(milliseconds=100)


@dataclass(frozen=True)
class Hub:
    """A store's hub with its key, and its sensors."""

    name: str
    key: str
    store: str
    sensors: list[str]

    def batch(self, start: datetime, size: int) -> bytes:
        """Make a batch in the order in which a hub would send it: every sensor, then the next moment."""
        rows = [
            {
                "sensor_id": self.sensors[n % len(self.sensors)],
                "ts": (start + n // len(self.sensors) * STEP).isoformat(),
                "temp_c": 20 + n % 7,
                "rh_pct": 60,
                "seq": n,
            }
            for n in range(size)
        ]
        return msgspec.json.encode(rows)


class Site:
    """An inventory with sensors, and the moments that nobody has sent yet."""

    def __init__(self, system: System, database: Database) -> None:
        self.system = system
        self.database = database
        self.hubs: list[Hub] = []
        self._begin = datetime.now(UTC) - timedelta(minutes=55)
        self._given: Counter[int] = Counter()

    def register(self, api: Process) -> None:
        """Register stores with a zone, a hub and sensors each."""
        headers = {"Authorization": f"Bearer {self.system.token()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", headers=headers) as client:
            for number in range(SHORT_STORES if self.system.effort.short else STORES):
                self.hubs.append(_register(client, f"S{number:04d}"))

    def moment(self, store: int, readings: int) -> datetime:
        """Give the begin of a span that no batch of this store has had."""
        begin = self._begin + self._given[store] * STEP
        self._given[store] += readings // SENSORS
        return begin


def _register(client: httpx.Client, store: str) -> Hub:
    client.put(f"/v1/stores/{store}", json={"name": store}).raise_for_status()
    client.put(f"/v1/climate/zones/{store}/z", json={"name": "z"}).raise_for_status()
    since = (datetime.now(UTC) - timedelta(days=6)).isoformat()
    hub = {"device_id": f"{store}-hub", "store_id": store, "kind": "hub", "name": "hub"}
    key = client.post("/v1/climate/devices", json=hub).raise_for_status().json()["key"]
    sensors = [f"{store}-{number}" for number in range(SENSORS)]
    for name in sensors:
        body = {"device_id": name, "store_id": store, "zone_id": "z", "name": name, "since": since}
        client.post("/v1/climate/devices", json=body).raise_for_status()
    return Hub(f"{store}-hub", key, store, sensors)

"""A shop whose back room is watched, and short words for what sensors do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from humidor_common.db.transaction import transaction
from humidor_inventory.excursions.service import judge_zones
from humidor_inventory.testing.shop import STORE, Shop

LATE = timedelta(days=7)
ZONE = "back-room"
LIMITS = {"temperature_min_c": 10, "temperature_max_c": 30, "humidity_min_pct": 55, "humidity_max_pct": 65}


@dataclass
class Watched:
    """Store S0001 with the zone `back-room`: readings every 5 minutes, silent after 15, 30 minutes' grace."""

    shop: Shop
    keys: dict[str, str] = field(default_factory=dict)
    begin: datetime = field(
        default_factory=lambda: (datetime.now(UTC) - timedelta(hours=10)).replace(second=0, microsecond=0)
    )

    def at(self, minute: float) -> datetime:
        return self.begin + timedelta(minutes=minute)

    async def put_zone(self, zone: str = ZONE, *, store: str = STORE, **changes: Any) -> Any:
        body = {"name": zone, "limits": LIMITS} | changes
        answer = await self.shop.client.put(
            f"/v1/climate/zones/{store}/{zone}", json=body, headers=self.shop.auth()
        )
        answer.raise_for_status()
        return answer.json()

    async def add(self, device: str, *, zone: str | None = ZONE, store: str = STORE, **changes: Any) -> str:
        """Register a device that hangs there since the beginning; gives its key."""
        body = {"device_id": device, "store_id": store, "zone_id": zone, "name": device}
        body |= {"since": self.begin.isoformat()} | changes
        made = await self.shop.ask("POST", "/v1/climate/devices", json=body, expect=201)
        self.keys[device] = made["key"]
        return str(made["key"])

    def reading(self, minute: float, degrees: float | None = None, **more: Any) -> dict[str, Any]:
        return {"ts": self.at(minute).isoformat(), "temp_c": degrees, **more}

    async def push(self, device: str, body: Any, *, expect: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[device]}"}
        return await self.shop.ask("POST", "/v1/climate/readings", json=body, headers=headers, expect=expect)

    async def push_steadily(self, device: str, first: int, last: int, degrees: float) -> None:
        """One reading in five minutes."""
        body = [self.reading(minute, degrees) for minute in range(first, last, 5)]
        receipt = await self.push(device, body)
        assert receipt == {"accepted": len(body), "duplicates": [], "refused": []}

    async def judge(self, minute: float) -> int:
        """Judge all that is due as of a moment."""
        judged = 0
        async with transaction(self.shop.runtime.pool) as conn:
            while found := await judge_zones(conn, now=self.at(minute), late=LATE):
                judged += found
        return judged

    async def excursions(self, **params: str) -> list[dict[str, Any]]:
        """Measure, state, and the minutes at which it began, opened and ended."""
        found = await self.shop.ask("GET", "/v1/climate/excursions", params=params)
        return list(found["items"])

    def minutes(self, excursion: dict[str, Any]) -> tuple[float | None, ...]:
        return tuple(
            None
            if excursion[name] is None
            else (datetime.fromisoformat(excursion[name]) - self.begin).total_seconds() / 60
            for name in ("started_at", "opened_at", "ended_at")
        )

    async def alerts(self) -> list[tuple[str, str]]:
        found = await self.shop.ask("GET", "/v1/alerts", params={"store_id": STORE, "state": "open"})
        return sorted((each["kind"], each["subject"]) for each in found["items"])

    async def told(self) -> list[dict[str, Any]]:
        rows = await self.shop.runtime.pool.fetch(
            "SELECT payload FROM outbox WHERE type = 'inventory.climate-excursion.v1' ORDER BY id"
        )
        return [msgspec.json.decode(row[0]) for row in rows]


@pytest.fixture
async def watched(shop: Shop) -> Watched:
    made = Watched(shop)
    await made.put_zone()
    await made.add("t1")
    return made

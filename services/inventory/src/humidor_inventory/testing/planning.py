"""For tests: stores that buy of suppliers, forecasts as `forecasting` tells them, and plans of it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.forecasting import DayDemand, ForecastPublished, SpanDemand
from humidor_common.messaging import inbox
from humidor_inventory.planning.calculating import calculate_piece
from humidor_inventory.planning.placing import place_piece
from humidor_inventory.policies.consumers import SUBSCRIPTION
from humidor_inventory.policies.due import recalculate_piece
from humidor_inventory.testing.shop import STORE, Shop, received

CHANCES = (0.05, 0.25, 0.5, 0.75, 0.95)
SCORES = (-1.6448536269514722, -0.6744897501960817, 0.0, 0.6744897501960817, 1.6448536269514722)


def forecast(
    gtin: str,
    daily_packs: float,
    *,
    store_id: str = STORE,
    minute: int = 0,
    starts_on: date | None = None,
    days: int = 14,
) -> ForecastPublished:
    """Make a forecast of normal demand, a third of its mean as deviation; days rise and fall together."""
    first = starts_on or utc_now().date()
    mean, deviation = daily_packs * 20, daily_packs * 20 / 3
    cut = datetime.combine(first, datetime.min.time(), UTC)

    def quantiles(times: int) -> list[float]:
        return [round(times * (mean + score * deviation), 6) for score in SCORES]

    return ForecastPublished(
        forecast_id=uuid4(),
        store_id=store_id,
        gtin=gtin,
        model="theta",
        model_version="1",
        data_until=cut,
        issued_at=cut + timedelta(minutes=minute),
        starts_on=first.isoformat(),
        horizon_days=days,
        probabilities=list(CHANCES),
        days=[
            DayDemand(
                day=(first + timedelta(days=i)).isoformat(), mean_sticks=mean, quantiles_sticks=quantiles(1)
            )
            for i in range(days)
        ],
        cumulative=[
            SpanDemand(days=i, mean_sticks=mean * i, quantiles_sticks=quantiles(i))
            for i in range(1, days + 1)
        ],
    )


@dataclass
class Planner:
    """Stores and suppliers, and what people and the worker do about plans."""

    shop: Shop

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        """Make it or change it."""
        answer = await self.shop.client.put(path, json=body, headers=self.shop.auth())
        answer.raise_for_status()
        return answer.json()

    async def supplier(self, supplier_id: str = "CTC", **cycle: Any) -> None:
        await self.put(f"/v1/suppliers/{supplier_id}", {"name": supplier_id})
        if cycle:
            await self.put(f"/v1/suppliers/{supplier_id}/order-cycle", cycle)

    async def store(self, store_id: str, *, kind: str = "store", time_zone: str = "UTC") -> None:
        body = {"name": store_id, "time_zone": time_zone, "kind": kind}
        await self.put(f"/v1/stores/{store_id}", body)

    async def level(self, gtin: str, *, store_id: str = STORE, **level: Any) -> Any:
        body = {"reorder_point": 20, "order_up_to": 60, "order_multiple": 10} | level
        return await self.put(f"/v1/levels/{store_id}/{gtin}", body)

    async def publish(self, *forecasts: ForecastPublished) -> None:
        """Give forecasts to the consumer as one batch."""
        async with transaction(self.shop.runtime.pool) as conn:
            await inbox.apply_batch(conn, SUBSCRIPTION, [received(each) for each in forecasts])

    async def follow(self, size: int = 500) -> int:
        """Let levels follow lead times; gives the number of pieces."""
        pieces = 0
        while await recalculate_piece(self.shop.runtime.pool, size=size):
            pieces += 1
        return pieces

    async def plan(self, *, expect: int = 201, **body: Any) -> Any:
        """Ask for a plan and calculate it."""
        made = await self.shop.ask("POST", "/v1/plans", json=body, expect=expect)
        return await self.calculate(made["plan_id"]) if expect == 201 else made

    async def calculate(self, plan_id: str) -> Any:
        while await calculate_piece(self.shop.runtime.pool):
            pass
        return await self.shop.ask("GET", f"/v1/plans/{plan_id}")

    async def lines(self, plan: Any, **filters: str) -> dict[tuple[str, str], Any]:
        found = await self.shop.ask("GET", f"/v1/plans/{plan['plan_id']}/lines", params=filters)
        return {(line["store_id"], line["gtin"]): line for line in found["items"]}

    async def transfers(self, plan: Any) -> list[Any]:
        found: list[Any] = (await self.shop.ask("GET", f"/v1/plans/{plan['plan_id']}/transfers"))["items"]
        return found

    async def approve(self, plan: Any, *, expect: int = 200, **body: Any) -> Any:
        """Approve, and place what was approved."""
        done = await self.shop.ask("POST", f"/v1/plans/{plan['plan_id']}:approve", json=body, expect=expect)
        while await place_piece(self.shop.runtime.pool):
            pass
        return done

    async def orders(self, **filters: str) -> list[Any]:
        """Orders as (store, supplier, {product: packs})."""
        found = (await self.shop.ask("GET", "/v1/purchase-orders", params=filters))["items"]
        return [
            (
                order["store_id"],
                order["supplier_id"],
                {line["gtin"]: line["ordered_sticks"] // 20 for line in order["lines"]},
            )
            for order in found
        ]

    async def suggestions(self, gtin: str, store_id: str = STORE) -> list[Any]:
        path = f"/v1/replenishments?store_id={store_id}&gtin={gtin}&state=open"
        found: list[Any] = (await self.shop.ask("GET", path))["items"]
        return found


def codes(line: Any) -> Sequence[str]:
    return [reason["code"] for reason in line["reasons"]]

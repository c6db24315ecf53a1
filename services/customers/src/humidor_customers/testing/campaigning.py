"""For tests: two people who run campaigns over twelve stores, and the worker on any day."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.customers import CampaignChanged
from humidor_common.events.forecasting import Estimate, PromotionEvaluated
from humidor_customers.campaigns.keeping import look_at_due
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.ordering import gtin, product, tell
from humidor_customers.testing.selling import sale, sell, sum_market

PATH = "/v1/campaigns"
STORES = [f"S{n:04}" for n in range(1, 13)]


def today() -> date:
    return utc_now().date()


def draft(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": "Tidy shelves",
        "goal": "4 % more of the slim packs",
        "kind": "service",
        "audience": "retailers",
        "channel": "visit",
        "mechanics": ["advice"],
        "gtins": [gtin(1)],
        "starts_on": str(today() + timedelta(days=3)),
        "ends_on": str(today() + timedelta(days=16)),
        "store_ids": STORES,
        "budget_minor": 50_000,
        "currency": "CNY",
        "holdout_share": 0.25,
        "seed": 7,
    }
    return body | changes


class Office:
    """Two people who run campaigns, and the worker on any day."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.boss = desk.auth("manager", subject="boss")

    async def make(self, *, expect: int = 201, **changes: Any) -> Any:
        return await self.desk.ask("POST", PATH, json=draft(**changes), expect=expect)

    async def step(self, campaign: Any, step: str, body: Any = None, **more: Any) -> Any:
        return await self.desk.ask("POST", f"{PATH}/{campaign['campaign_id']}:{step}", json=body, **more)

    async def approve(self, campaign: Any, **body: Any) -> Any:
        await self.step(campaign, "submit")
        return await self.step(campaign, "approve", body, headers=self.boss)

    async def scheduled(self, **changes: Any) -> Any:
        made = await self.make(**changes)
        await self.approve(made)
        return await self.step(made, "schedule")

    async def spend(self, campaign: Any, amount: int, *, expect: int = 201, key: str = "") -> Any:
        headers = {"Idempotency-Key": key or uuid4().hex}
        path, body = f"{PATH}/{campaign['campaign_id']}/spendings", {"amount_minor": amount, "note": "Travel"}
        return await self.desk.ask("POST", path, json=body, expect=expect, headers=headers)

    async def look(self, days: int) -> int:
        """Look now, or at noon in Shanghai some days on."""
        now = utc_now()
        now = now.replace(hour=4) + timedelta(days=days) if days else now
        async with transaction(self.desk.runtime.pool) as conn:
            return await look_at_due(conn, now=now)

    async def read(self, campaign: Any, part: str = "", **more: Any) -> Any:
        return await self.desk.ask("GET", f"{PATH}/{campaign['campaign_id']}{part}", **more)

    async def told(self) -> list[CampaignChanged]:
        return [
            msgspec.json.decode(payload, type=CampaignChanged)
            for _, payload in await self.desk.told(CampaignChanged.TYPE)
        ]


async def open_campaigns(desk: Desk) -> Office:
    """Twelve stores, which sold more the higher their number: `n` packs ten days ago, some more before."""
    await desk.tell(*(store(each) for each in STORES))
    await tell(desk, PRODUCTS, product(1), product(2))
    days = [str(today() - timedelta(days=ago)) for ago in (10, 50)]
    sold = [
        sale(each, f"{day} 12:00", [(1, packs, 2500)])
        for n, each in enumerate(STORES, 1)
        for day, packs in zip(days, (n, n + n % 3), strict=True)
    ]
    await sell(desk, *sold)
    await sum_market(desk)
    return Office(desk)


def evaluated(campaign: Any, *, at: datetime, uplift: float = 300.0, **changes: Any) -> PromotionEvaluated:
    values: dict[str, Any] = {
        "promotion_id": campaign["campaign_id"],
        "evaluation_id": uuid4(),
        "method": "bsts",
        "model_version": "1",
        "data_until": at,
        "evaluated_at": at,
        "starts_on": campaign["starts_on"],
        "ends_on": campaign["ends_on"],
        "stores": 9,
        "control_stores": 3,
        "probability": 0.9,
        "sold_sticks": 2000.0,
        "uplift_sticks": Estimate(value=uplift, low=100, high=500),
        "cannibalised_sticks": Estimate(value=-40, low=-90, high=10),
        "pulled_forward_sticks": None,
        "profit_minor": Estimate(value=40_000, low=-10_000, high=90_000),
        "cost_minor": 50_000,
        "currency": "CNY",
        "placebo_p": 0.04,
        "trusted": True,
        "reasons": [],
    }
    return PromotionEvaluated(**values | changes)

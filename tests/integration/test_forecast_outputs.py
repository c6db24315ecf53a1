"""Forecasts are asked what if, taken apart, drawn, added up and watched; a new product gets a level."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from .conftest import System, noon, until
from .test_forecasts_move_levels import sales, sell

pytestmark = pytest.mark.timeout(300)

GTIN = "06901028099998"
NEW = "06901028099981"
POLICY = {
    "policy": "R_S",
    "demand": {"source": "forecast"},
    "review_days": 3,
    "lead_time_days": 2,
    "service": {"kind": "cycle", "target": 0.95},
    "order_multiple": 10,
}
TERMS = {"models": ["seasonal_naive", "seasonal_average"], "horizon_days": 14}
AS_IF_OLD = """
WITH old AS (
    UPDATE forecasts SET starts_on = starts_on - 14, issued_at = issued_at - interval '14 days'
    WHERE store_id = $1 AND gtin = $2),
raised AS (
    UPDATE demand_days SET sold_sticks = sold_sticks * 4
    WHERE store_id = $1 AND gtin = $2 AND day > now() - interval '15 days')
DELETE FROM watched_series WHERE store_id = $1
"""


def run(http: httpx.Client, store_id: str) -> None:
    started = http.post("/forecasting/v1/runs", json=TERMS | {"store_ids": [store_id]})
    assert started.status_code == 202, started.text
    path = f"/forecasting/v1/runs/{started.json()['run_id']}"
    done = until(lambda: (found := http.get(path).json())["state"] in {"done", "failed"} and found, "it ends")
    assert (done["state"], done["series_done"]) == ("done", 2), done


async def make_old(system: System, store_id: str) -> None:
    """Let two weeks go by in which four times as much was demanded as was forecast."""
    conn = await asyncpg.connect(system.environment_of("forecasting worker")["HUMIDOR_PG_DSN"])
    try:
        await conn.execute(AS_IF_OLD, store_id, GTIN)
    finally:
        await conn.close()


def get(http: httpx.Client, path: str, **params: Any) -> Any:
    """Read; where the machine is busy, the process that answers may start later than the gateway waits."""

    def read() -> httpx.Response | None:
        answer = http.get(f"/forecasting/v1/{path}", params=params)
        return None if answer.status_code in {503, 504} else answer

    answer: httpx.Response = until(read, f"{path} is answered", seconds=120)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.text


def test_what_a_forecast_is_asked_for_and_a_new_product_gets_a_level(system: System) -> None:
    store_id, chance = f"O{uuid4().hex[:8]}", random.Random(7)
    week = [10, 12, 11, 13, 20, 25, 8]
    yesterday = noon(1)
    key = system.terminal(store_id)
    with system.client() as http:
        product = {"name": "Chain", "brand": "Chain", "supplier_id": "CHAIN", "lead_time_days": 2}
        for path, body in (
            (f"stores/{store_id}", {"name": "Outputs", "time_zone": "Asia/Shanghai"}),
            ("suppliers/CHAIN", {"name": "Chain supplier"}),
            (f"products/{GTIN}", product),
            (f"products/{NEW}", product | {"name": "Chain New"}),
        ):
            assert http.put(f"/inventory/v1/{path}", json=body).status_code in {200, 201}
        sell(
            system,
            key,
            sales(store_id, [week[i % 7] + chance.randint(-2, 2) for i in range(60)], last=yesterday),
        )
        launch = {"starts_on": str(yesterday.date()), "store_ids": [store_id], "gtins": [NEW]}
        made = http.put(f"/forecasting/v1/introductions/{store_id}", json=launch)
        assert made.status_code == 201, made.text
        system.wait_drained()
        run(http, store_id)
        new = get(http, f"forecasts/{store_id}/{NEW}")
        assert (new["model"], GTIN in new["reasons"][1]) == ("analogues", True)
        policy = http.put(f"/inventory/v1/policies/{store_id}/{NEW}", json=POLICY)
        assert policy.status_code == 201, policy.text
        assert policy.json()["origin"]["forecast_id"] == new["forecast_id"]
        assert policy.json()["answer"]["order_up_to"] > 0

        tax = {"store_ids": [store_id], "gtins": [GTIN], "price": {"percent": 10}}
        asked = http.post("/forecasting/v1/what-ifs", json=tax)
        assert asked.status_code == 200, asked.text
        assert -6 < asked.json()["change_percent"] < -2
        parts = get(http, "decompositions", store_id=store_id, gtin=GTIN)
        assert len(parts["days"]) >= 59
        svg = get(http, f"plots/forecasts/{store_id}/{GTIN}", language="zh")
        assert "预测中位数" in svg
        whole = get(http, "aggregate-forecasts", store_id=store_id, by="product")
        first = whole["whole"]["days"][0]["mean_sticks"]
        assert abs(first - sum(part["days"][0]["mean_sticks"] for part in whole["parts"])) < 1e-6
        again = http.post(f"/forecasting/v1/issued-forecasts/{new['forecast_id']}:reproduce").json()
        assert again["equal"], again

        asyncio.run(make_old(system, store_id))
        system.kill("forecasting worker")
        (drift,) = until(
            lambda: get(http, "drifts", store_id=store_id, state="open")["items"],
            "the series drifts",
            seconds=90,
        )
        assert (drift["gtin"], drift["bias_sticks"] < 0) == (GTIN, True)
        told = until(
            lambda: [e for e in system.told("forecasting.drift.v1") if e["store_id"] == store_id],
            "it is told",
        )
        assert told[0]["forecast_id"] == drift["forecast_id"]

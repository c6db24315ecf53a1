"""What tills sold becomes a forecast, which moves a level, which brings on an order: the whole chain."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import System, noon, until

pytestmark = pytest.mark.timeout(300)

GTIN = "06901028099998"
POLICY = {
    "policy": "R_S",
    "demand": {"source": "forecast"},
    "review_days": 3,
    "lead_time_days": 2,
    "service": {"kind": "cycle", "target": 0.95},
    "order_multiple": 10,
}
TERMS = {"models": ["seasonal_naive", "seasonal_average", "auto_ets"], "horizon_days": 14}


def sales(store_id: str, amounts: list[int], *, last: datetime) -> list[dict[str, Any]]:
    """One sale a day of so many packs, the last one at `last`."""
    return [
        {
            "sale_id": str(uuid4()),
            "store_id": store_id,
            "sold_at": (last - timedelta(days=len(amounts) - 1 - i)).isoformat(),
            "currency": "CNY",
            "lines": [{"line": 1, "gtin": GTIN, "quantity": amount, "unit": "pack", "unit_price": 2500}],
            "payments": [{"method": "cash", "amount": 2500 * amount}],
            "age_check": {"method": "id_seen", "passed": True},
        }
        for i, amount in enumerate(amounts)
    ]


def sell(system: System, key: str, documents: list[dict[str, Any]]) -> None:
    answer = httpx.post(
        f"{system.url}/pos/v1/sales:batch", json={"sales": documents}, timeout=30,
        headers={"Authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert {each["status"] for each in answer.json()["results"]} == {"accepted"}


def forecast(http: httpx.Client, store_id: str) -> dict[str, Any]:
    started = http.post("/forecasting/v1/runs", json=TERMS | {"store_ids": [store_id]})
    assert started.status_code == 202, started.text
    path = f"/forecasting/v1/runs/{started.json()['run_id']}"
    run = until(
        lambda: (found := http.get(path).json())["state"] in {"done", "failed"} and found, "the run ends"
    )
    assert (run["state"], run["series_done"]) == ("done", 1), run
    found: dict[str, Any] = http.get(f"/forecasting/v1/forecasts/{store_id}/{GTIN}").json()
    return found


def test_a_forecast_of_what_was_sold_moves_a_level_and_brings_on_an_order(system: System) -> None:
    store_id, chance = f"F{uuid4().hex[:8]}", random.Random(4)
    week = [10, 12, 11, 13, 20, 25, 8]
    yesterday = noon(1)
    key = system.terminal(store_id)
    with system.client() as http:
        product = {"name": "Chain", "brand": "Chain", "supplier_id": "CHAIN", "lead_time_days": 2}
        for path, body in (
            (f"stores/{store_id}", {"name": "Chain", "time_zone": "Asia/Shanghai"}),
            ("suppliers/CHAIN", {"name": "Chain supplier"}),
            (f"products/{GTIN}", product),
        ):
            assert http.put(f"/inventory/v1/{path}", json=body).status_code in {200, 201}
        usual = [week[i % 7] + chance.randint(-2, 2) for i in range(60)]
        sell(system, key, sales(store_id, usual, last=yesterday))
        system.wait_drained()
        first = forecast(http, store_id)
        assert 0.7 * 1980 < first["cumulative"][6]["mean_sticks"] < 1.3 * 1980
        # What is left after all sales of this test is more than the first level and less than the second.
        line = {"gtin": GTIN, "quantity": sum(usual) + 7 * 60 + 140, "lot": "A"}
        receipt = {"store_id": store_id, "kind": "opening", "lines": [line]}
        assert http.post("/inventory/v1/receipts", json=receipt).status_code == 201
        system.wait_drained()
        answer = http.put(f"/inventory/v1/policies/{store_id}/{GTIN}", json=POLICY)
        assert answer.status_code == 201, answer.text
        before = answer.json()
        assert before["origin"]["forecast_id"] == first["forecast_id"]
        sell(system, key, sales(store_id, [60] * 7, last=yesterday - timedelta(hours=1)))
        system.wait_drained()
        assert open_suggestions(http, store_id) == []
        second = forecast(http, store_id)
        assert second["cumulative"][6]["mean_sticks"] > first["cumulative"][6]["mean_sticks"]
        policy = until(
            lambda: (
                (found := http.get(f"/inventory/v1/policies/{store_id}/{GTIN}").json())["version"] > 1
                and found
            ),
            "the level follows the forecast",
        )
        assert policy["origin"]["forecast_id"] == second["forecast_id"]
        assert policy["answer"]["order_up_to"] > before["answer"]["order_up_to"]
        (suggested,) = until(lambda: open_suggestions(http, store_id), "the level brings on a suggestion")
        approved = http.post(
            f"/inventory/v1/replenishments/{suggested['replenishment_id']}:approve", json={},
            headers={"Idempotency-Key": uuid4().hex},
        )  # fmt: skip
        assert approved.status_code in {200, 201}, approved.text
        placed = approved.json()["purchase_order_id"]
        order = http.get(f"/inventory/v1/purchase-orders/{placed}").json()
        assert (order["store_id"], order["state"]) == (store_id, "placed")
        assert [line["gtin"] for line in order["lines"]] == [GTIN]
        demand = http.get("/forecasting/v1/demand", params={"store_id": store_id, "gtin": GTIN}).json()
        assert sum(each["demand_sticks"] for each in demand["periods"]) > 60 * 14 * 20 / 2


def open_suggestions(http: httpx.Client, store_id: str) -> list[dict[str, Any]]:
    params = {"store_id": store_id, "gtin": GTIN, "state": "open"}
    found: list[dict[str, Any]] = http.get("/inventory/v1/replenishments", params=params).json()["items"]
    return found

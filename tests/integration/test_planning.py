"""A published forecast moves a level, which brings on a suggestion; a plan joins two products in one order.

All through HTTP and Kafka of the running system; the forecast is put on its topic as `forecasting` would do.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import System

pytestmark = pytest.mark.timeout(300)

TOPIC = "forecasting.forecast.v1"
FORECAST, GIVEN = "06901028080019", "06901028080026"
SCORES = {0.05: -1.6449, 0.5: 0.0, 0.95: 1.6449}
POLICY = {
    "policy": "R_S",
    "review_days": 1,
    "service": {"kind": "cycle", "target": 0.95},
    "order_multiple": 10,
}


def forecast(store_id: str, daily_packs: float, *, minute: int) -> dict[str, Any]:
    """Demand of two weeks, a third of the mean as deviation; days rise and fall together."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def demand(days: int) -> dict[str, Any]:
        mean = 20 * daily_packs * days
        return {"mean_sticks": mean, "quantiles_sticks": [mean + z * mean / 3 for z in SCORES.values()]}

    return {
        "forecast_id": str(uuid4()),
        "store_id": store_id,
        "gtin": FORECAST,
        "model": "theta",
        "model_version": "3",
        "data_until": today.isoformat(),
        "issued_at": (today + timedelta(minutes=minute)).isoformat(),
        "starts_on": today.date().isoformat(),
        "horizon_days": 14,
        "probabilities": list(SCORES),
        "days": [demand(1) | {"day": (today + timedelta(days=i)).date().isoformat()} for i in range(14)],
        "cumulative": [demand(i) | {"days": i} for i in range(1, 15)],
    }


def publish(system: System, *events: dict[str, Any]) -> None:
    """Put forecasts on the topic, keyed by the series."""
    keyed = [(f"{event['store_id']}/{event['gtin']}", event) for event in events]
    system.publish(TOPIC, "forecasting.forecast-published.v1", *keyed)


def put(http: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    answer = http.put(f"/inventory{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def get(http: httpx.Client, path: str, **params: str) -> Any:
    answer = http.get(f"/inventory{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def until(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not done(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@pytest.fixture
def store(system: System) -> str:
    """A store with 100 packs of two products of one supplier, both of which take 4 days to come."""
    store_id = f"P{uuid4().hex[:8]}"
    with system.client() as http:
        put(http, f"/v1/stores/{store_id}", {"name": "Plan", "time_zone": "Asia/Shanghai"})
        put(http, "/v1/suppliers/PLAN", {"name": "Plan supplier", "lead_time_days": 4})
        for gtin in (FORECAST, GIVEN):
            put(http, f"/v1/products/{gtin}", {"name": gtin, "brand": "Plan", "supplier_id": "PLAN"})
        lines = [{"gtin": gtin, "quantity": 100, "lot": "A"} for gtin in (FORECAST, GIVEN)]
        body = {"store_id": store_id, "kind": "opening", "lines": lines}
        assert http.post("/inventory/v1/receipts", json=body).status_code == 201
    return store_id


def test_a_forecast_leads_to_a_suggestion_and_a_plan_to_one_joint_order(system: System, store: str) -> None:
    path = f"/v1/policies/{store}/{FORECAST}"
    with system.client() as http:
        publish(system, forecast(store, 6, minute=0))
        until(lambda: http.get(f"/inventory/v1/forecasts/{store}/{FORECAST}"), lambda a: a.status_code == 200)
        policy = put(http, path, POLICY | {"demand": {"source": "forecast"}})
        assert (policy["answer"]["order_up_to"], policy["origin"]["model"]) == (47, "theta")
        wanted = {"store_id": store, "gtin": FORECAST, "state": "open"}
        assert get(http, "/v1/replenishments", **wanted)["items"] == []

        publish(system, forecast(store, 20, minute=2), forecast(store, 60, minute=1))
        policy = until(lambda: get(http, path), lambda each: each["version"] > 1)
        assert policy["answer"]["order_up_to"] == 155
        (suggested,) = get(http, "/v1/replenishments", **wanted)["items"]
        assert suggested["quantity"] == 60

        level = {"reorder_point": 110, "order_up_to": 150, "order_multiple": 10}
        put(http, f"/v1/levels/{store}/{GIVEN}", level)
        check_plan(http, store)
        system.wait_drained()
        assert get(http, "/v1/replenishments", **wanted)["items"] == []
        assert get(http, "/v1/checks/ledger")["equal"] is True


def check_plan(http: httpx.Client, store: str) -> None:
    """Calculate a plan of the store by the worker, approve it, and look at what was ordered."""
    asked = http.post("/inventory/v1/plans", json={"store_ids": [store]})
    assert asked.status_code == 201, asked.text
    path = f"/v1/plans/{asked.json()['plan_id']}"
    plan = until(lambda: get(http, path), lambda each: each["state"] not in {"queued", "running"})
    assert (plan["state"], plan["summary"]["orders"], plan["summary"]["lines"]) == ("calculated", 1, 2)
    approved = http.post(f"/inventory{path}:approve", json={"supplier_ids": ["PLAN"]})
    assert (approved.status_code, approved.json()["lines"]) == (200, 2)
    until(lambda: get(http, path), lambda each: not each["being_placed"])
    (order,) = get(http, "/v1/purchase-orders", store_id=store)["items"]
    assert (order["supplier_id"], order["plan_id"]) == ("PLAN", plan["plan_id"])
    assert {line["gtin"]: line["ordered_sticks"] for line in order["lines"]} == {FORECAST: 1200, GIVEN: 1000}


def test_a_lead_time_that_changes_moves_the_level_by_itself(system: System, store: str) -> None:
    path = f"/v1/policies/{store}/{GIVEN}"
    given = POLICY | {"demand": {"mean_per_day": 6, "sd_per_day": 2}}
    with system.client() as http:
        before = put(http, path, given)["answer"]["order_up_to"]
        put(http, "/v1/suppliers/PLAN", {"name": "Plan supplier", "lead_time_days": 9})
        after = until(lambda: get(http, path), lambda each: each["version"] > 1)
        assert after["answer"]["order_up_to"] > before

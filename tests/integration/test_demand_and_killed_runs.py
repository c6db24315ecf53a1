"""What tills tell becomes demand, whatever they take back; a killed worker loses no forecast of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from humidor_cli.replay.rules import check_digit

from .conftest import System, noon, until

pytestmark = pytest.mark.timeout(300)

PRODUCTS, DAYS, LINES = 130, 30, 65
TERMS = {"models": ["seasonal_naive", "auto_ets"], "horizon_days": 14, "probabilities": [0.5, 0.9]}


class Shop:
    """A store of this test's own and its till."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system, self.http = system, http
        self.store_id = f"K{uuid4().hex[:8]}"
        bodies = [f"0692{random.randint(0, 10**5 - 1):05d}{n:04d}" for n in range(PRODUCTS)]
        self.gtins = [each + check_digit(each) for each in bodies]
        self.put(f"stores/{self.store_id}", {"name": "Killed", "time_zone": "Asia/Shanghai"})
        for gtin in self.gtins:
            self.put(f"products/{gtin}", {"name": gtin, "brand": self.store_id})
        self.till = {"Authorization": f"Bearer {system.terminal(self.store_id)}"}

    def put(self, path: str, body: dict[str, Any]) -> None:
        assert self.http.put(f"/inventory/v1/{path}", json=body).status_code in {200, 201}

    def tell(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(f"/pos/v1/{path}", json=body, headers=self.till)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def sale(self, at: datetime, *sold: tuple[str, int]) -> dict[str, Any]:
        lines = [
            {"line": n, "gtin": gtin, "quantity": packs, "unit": "pack", "unit_price": 2500}
            for n, (gtin, packs) in enumerate(sold, 1)
        ]
        paid = [{"method": "cash", "amount": sum(2500 * packs for _, packs in sold)}]
        told = {"sale_id": str(uuid4()), "store_id": self.store_id, "sold_at": at.isoformat()}
        age = {"method": "id_seen", "passed": True}
        return told | {"currency": "CNY", "lines": lines, "payments": paid, "age_check": age}

    def sell(self, *sales: dict[str, Any]) -> None:
        results = self.tell("sales:batch", {"sales": sales})["results"]
        assert {each["status"] for each in results} == {"accepted"}

    def demand(self, gtin: str) -> list[dict[str, Any]]:
        params = {"store_id": self.store_id, "gtin": gtin}
        answer = self.http.get("/forecasting/v1/demand", params=params)
        found: list[dict[str, Any]] = answer.json()["periods"]
        return found


@pytest.fixture(scope="module")
def shop(system: System) -> Iterator[Shop]:
    with system.client() as http:
        yield Shop(system, http)


def test_returns_voids_and_stock_outs_are_in_the_demand(shop: Shop) -> None:
    gtin, at = shop.gtins[0], noon(2)
    line = {"gtin": gtin, "quantity": 14, "lot": "A"}
    receipt = {"store_id": shop.store_id, "kind": "opening", "lines": [line]}
    assert shop.http.post("/inventory/v1/receipts", json=receipt).status_code == 201
    kept, wrong = shop.sale(at, (gtin, 9)), shop.sale(at, (gtin, 40))
    shop.sell(kept, wrong)
    void = {"void_id": str(uuid4()), "sale_id": wrong["sale_id"], "store_id": shop.store_id}
    shop.tell("voids", void | {"voided_at": at.isoformat(), "reason": "mistake"})
    back = {name: kept[name] for name in ("sale_id", "store_id", "currency")}
    back |= {"return_id": str(uuid4()), "returned_at": at.isoformat(), "reason": "damaged", "restock": True}
    back |= {"lines": [kept["lines"][0] | {"quantity": 2}], "payments": [{"method": "cash", "amount": 5000}]}
    shop.tell("returns", back)
    shop.system.wait_drained()
    (day,) = [each for each in shop.demand(gtin) if each["demand_sticks"]]
    assert (day["starts_on"], day["sold_sticks"], day["amount_minor"]) == (
        at.date().isoformat(),
        (9 - 2) * 20,
        (9 - 2) * 2500,
    )
    assert (day["stock_out_series"], day["censored"]) == (0, False)

    shop.sell(shop.sale(datetime.now(UTC), (gtin, 7)))

    def sold_out() -> bool:
        return shop.demand(gtin)[-1]["censored"] is True

    until(sold_out, "forecasting is not told that the product is sold out")
    assert shop.demand(gtin)[-1]["stock_out_series"] == 1


def test_a_run_whose_worker_is_killed_forecasts_every_series_once(shop: Shop) -> None:
    shop.sell(
        *(
            shop.sale(noon(1 + n), *((gtin, 3 + (n + k) % 5) for k, gtin in enumerate(part)))
            for n in range(DAYS)
            for part in (shop.gtins[:LINES], shop.gtins[LINES:])
        )
    )
    shop.system.wait_drained()
    started = shop.http.post("/forecasting/v1/runs", json=TERMS | {"store_ids": [shop.store_id]})
    path = f"/forecasting/v1/runs/{started.json()['run_id']}"
    half = until(
        lambda: (found := shop.http.get(path).json())["series_done"] and found, "nothing is done", seconds=150
    )
    shop.system.kill("forecasting worker")
    assert (half["state"], half["series_done"] < PRODUCTS) == ("running", True)
    shop.system.wait_ready()
    asyncio.run(_let_lease_end(shop.system))
    done = until(
        lambda: (found := shop.http.get(path).json())["state"] == "done" and found, "it ends", seconds=150
    )
    assert (done["series_total"], done["series_done"]) == (PRODUCTS, PRODUCTS)
    shop.system.wait_drained()
    told = {
        each["forecast_id"]: each["gtin"]
        for each in shop.system.told("forecasting.forecast.v1")
        if each.get("store_id") == shop.store_id and each["horizon_days"] == TERMS["horizon_days"]
    }
    assert Counter(told.values()) == dict.fromkeys(shop.gtins, 1)


async def _let_lease_end(system: System) -> None:
    """A run is taken over a minute after its worker was heard of last; nobody has to wait for that here."""
    conn = await asyncpg.connect(system.environment_of("forecasting worker")["HUMIDOR_PG_DSN"])
    try:
        await conn.execute("UPDATE runs SET due_at = now() WHERE state = 'running'")
    finally:
        await conn.close()

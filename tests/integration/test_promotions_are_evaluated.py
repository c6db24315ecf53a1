"""What tills sold in stores with a campaign and in those held out becomes its uplift, told to the others."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from .conftest import System, until

GTIN, OTHER = "06901028099905", "06901028099912"
WEEK = [30, 32, 31, 33, 42, 48, 28]
BEFORE, DURING, AFTER = 35, 7, 4
LIFT = 1.6


def sales(store_id: str, yesterday: datetime, *, promoted: bool) -> list[dict[str, Any]]:
    """A sale a day of two products until yesterday, dearer and fewer where there was no campaign."""
    chance, found = random.Random(store_id), []
    days = BEFORE + DURING + AFTER
    for number in range(days):
        within = promoted and BEFORE <= number < BEFORE + DURING
        packs = round((WEEK[number % 7] + chance.randint(-3, 3)) * (LIFT if within else 1))
        price = 2000 if within else 2500
        lines = [(1, GTIN, packs, price), (2, OTHER, 50 + chance.randint(-4, 4), 2000)]
        found.append(
            {
                "sale_id": str(uuid4()),
                "store_id": store_id,
                "sold_at": (yesterday - timedelta(days=days - 1 - number)).isoformat(),
                "currency": "CNY",
                "lines": [
                    {"line": n, "gtin": gtin, "quantity": count, "unit": "pack", "unit_price": each}
                    for n, gtin, count, each in lines
                ],
                "payments": [{"method": "cash", "amount": sum(count * each for _, _, count, each in lines)}],
                "age_check": {"method": "id_seen", "passed": True},
            }
        )
    return found


def sell(http: httpx.Client, store_id: str, documents: list[dict[str, Any]]) -> None:
    terminal = http.post("/pos/v1/terminals", json={"store_id": store_id})
    assert terminal.status_code == 201, terminal.text
    headers = {"Authorization": f"Bearer {terminal.json()['key']}"}
    answer = http.post("/pos/v1/sales:batch", json={"sales": documents}, headers=headers)
    assert {each["status"] for each in answer.json()["results"]} == {"accepted"}, answer.text


def tell_campaign(system: System, campaign: dict[str, Any]) -> None:
    """Put the event on its topic as `customers` does."""
    headers = {
        "ce_specversion": "1.0", "ce_type": "customers.campaign-changed.v1", "ce_id": str(uuid4()),
        "ce_source": "/humidor/customers", "ce_time": campaign["changed_at"],
        "content-type": "application/json",
    }  # fmt: skip

    async def send() -> None:
        servers = f"127.0.0.1:{system.process('kafka')['port']}"
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            await producer.send_and_wait(
                "customers.campaign.v1",
                json.dumps(campaign).encode(),
                key=campaign["campaign_id"].encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )

    asyncio.run(send())


def test_a_campaign_with_holdouts_is_evaluated_by_what_tills_sold_and_told(system: System) -> None:
    mark = uuid4().hex[:6]
    treated, held_out = ([f"E{mark}{kind}{n}" for n in range(3)] for kind in "TH")
    yesterday = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) - timedelta(days=1)
    if datetime.now(UTC).hour >= 16:  # the stores' day is the next one already
        yesterday += timedelta(days=1)
    last = (yesterday - timedelta(days=AFTER)).date()
    campaign = {
        "campaign_id": str(uuid4()), "version": 1, "state": "ended", "kind": "price-cut",
        "audience": "consumers", "starts_on": (last - timedelta(days=DURING - 1)).isoformat(),
        "ends_on": last.isoformat(), "store_ids": treated, "holdout_store_ids": held_out, "gtins": [GTIN],
        "discount_percent": 20.0, "price_per_pack": 2000, "currency": "CNY", "budget_minor": 900_000,
        "spent_minor": 500_000, "changed_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    with system.client() as http:
        assert http.put("/inventory/v1/suppliers/EVAL", json={"name": "Evaluated"}).status_code in {200, 201}
        for gtin in (GTIN, OTHER):
            product = {"name": gtin, "brand": gtin, "supplier_id": "EVAL", "lead_time_days": 2}
            assert http.put(f"/inventory/v1/products/{gtin}", json=product).status_code in {200, 201}
        for store_id in [*treated, *held_out]:
            store = {"name": store_id, "time_zone": "Asia/Shanghai"}
            assert http.put(f"/inventory/v1/stores/{store_id}", json=store).status_code == 201
            sell(http, store_id, sales(store_id, yesterday, promoted=store_id in treated))
        tell_campaign(system, campaign)
        system.wait_drained()
        body = {"promotion_id": campaign["campaign_id"], "margin_percent": 30, "after_days": AFTER}
        asked = http.post("/forecasting/v1/evaluations", json=body)
        assert asked.status_code == 202, asked.text
        path = f"/forecasting/v1/evaluations/{asked.json()['evaluation_id']}"
        view = until(
            lambda: (found := http.get(path).json())["state"] in {"done", "failed"} and found,
            "the evaluation ends",
            seconds=150,
        )
    assert (view["state"], view["method"]) == ("done", "difference_in_differences"), view
    uplift = view["result"]["uplift"]
    truth = uplift["sold_sticks"] * (1 - 1 / LIFT)
    assert uplift["effect_sticks"]["low"] < truth < uplift["effect_sticks"]["high"]
    told = until(
        lambda: [
            each
            for each in system.told("forecasting.promotion.v1")
            if each["promotion_id"] == campaign["campaign_id"]
        ],
        "the evaluation is told",
    )
    assert [each["evaluation_id"] for each in told] == [view["evaluation_id"]]
    assert told[0]["uplift_sticks"]["value"] == pytest.approx(uplift["effect_sticks"]["value"])
    assert (told[0]["stores"], told[0]["control_stores"], told[0]["cost_minor"]) == (3, 3, 500_000)
    assert told[0]["profit_minor"]["value"] < 0

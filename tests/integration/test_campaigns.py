"""A campaign is told when it is scheduled, begins by itself, stands at tills, and shows what it brought."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from aiokafka import AIOKafkaProducer

from .conftest import System, until

PATH = "/customers/v1/campaigns"


def publish_evaluation(system: System, campaign_id: str) -> None:
    """Tell what a promotion brought, in binary mode, as forecasting does."""
    now = datetime.now(UTC).isoformat()
    event = {
        "promotion_id": campaign_id,
        "evaluation_id": str(uuid4()),
        "method": "bsts",
        "model_version": "1",
        "data_until": now,
        "evaluated_at": now,
        "starts_on": now[:10],
        "ends_on": now[:10],
        "stores": 2,
        "control_stores": 2,
        "probability": 0.9,
        "sold_sticks": 900.0,
        "uplift_sticks": {"value": 120.0, "low": 40.0, "high": 200.0},
        "cannibalised_sticks": None,
        "pulled_forward_sticks": None,
        "profit_minor": {"value": 500.0, "low": -100.0, "high": 1100.0},
        "cost_minor": 1000,
        "currency": "CNY",
        "placebo_p": None,
        "trusted": False,
        "reasons": ["few-controls"],
    }
    headers = {
        "ce_specversion": "1.0",
        "ce_type": "forecasting.promotion-evaluated.v1",
        "ce_source": "/humidor/forecasting",
        "ce_id": str(uuid4()),
        "ce_time": now,
        "content-type": "application/json",
    }

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{system.process('kafka')['port']}")
        await producer.start()
        try:
            await producer.send_and_wait(
                "forecasting.promotion.v1",
                json.dumps(event).encode(),
                key=campaign_id.encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        finally:
            await producer.stop()

    asyncio.run(send())


def ask(http: httpx.Client, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
    headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
    answer = http.request(method, path, json=body, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.json()


def at_till(system: System, key: str) -> list[str]:
    answer = httpx.get(
        f"{system.url}/pos/v1/sellable", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    return [each["campaign_id"] for each in answer.raise_for_status().json()["campaigns"]]


def test_a_campaign_is_told_runs_by_itself_and_shows_what_forecasting_found(system: System) -> None:
    prefix, today = f"P{uuid4().hex[:7]}", datetime.now(ZoneInfo("Asia/Shanghai")).date()
    stores = [f"{prefix}S{n}" for n in range(4)]
    body = {
        "name": "Tidy shelves",
        "goal": "More of them",
        "kind": "service",
        "audience": "retailers",
        "channel": "visit",
        "starts_on": str(today),
        "ends_on": str(today + timedelta(days=9)),
        "store_ids": stores,
        "budget_minor": 5000,
        "currency": "CNY",
        "holdout_share": 0.5,
    }
    second = system.cli("token", "--role", "manager", "--subject", "second")["token"]
    approver = httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {second}"}, timeout=30)
    with system.client() as maker, approver:
        for store in stores:
            known = {"name": "Quay", "time_zone": "Asia/Shanghai"}
            answer = maker.put(f"/customers/v1/stores/{store}", json=known)
            assert answer.status_code in (200, 201), answer.text
        made = until(
            lambda: (found := maker.post(PATH, json=body)).status_code == 201 and found.json(),
            "the stores were not told",
        )
        forbidden = ask(maker, "POST", PATH, body | {"audience": "consumers", "kind": "gift"}, expect=422)
        assert forbidden["code"] == "campaign-forbidden"
        path = f"{PATH}/{made['campaign_id']}"
        ask(maker, "POST", f"{path}:submit")
        ask(maker, "POST", f"{path}:approve", {}, expect=403)
        ask(approver, "POST", f"{path}:approve", {})
        assert ask(maker, "POST", f"{path}:schedule")["state"] == "scheduled"
        until(lambda: ask(maker, "GET", path)["state"] == "running", "it has not begun")
        ask(maker, "POST", f"{path}/spendings", {"amount_minor": 1000, "note": "Travel"}, expect=201)
        told = until(
            lambda: [
                each
                for each in system.told("customers.campaign.v1")
                if each["campaign_id"] == made["campaign_id"] and each["spent_minor"]
            ],
            "it was not told",
        )[-1]
        assert (told["state"], told["gtins"]) == ("running", None)
        assert sorted(told["store_ids"] + told["holdout_store_ids"]) == stores
        assert len(told["holdout_store_ids"]) == 2
        treated, held = (system.terminal(told[part][0]) for part in ("store_ids", "holdout_store_ids"))
        until(lambda: made["campaign_id"] in at_till(system, treated), "the till was not told")
        assert made["campaign_id"] not in at_till(system, held)
        publish_evaluation(system, made["campaign_id"])
        effect = until(
            lambda: (found := maker.get(f"{path}/effect")).status_code == 200 and found.json(),
            "the evaluation was not taken over",
        )
        assert effect["uplift_sticks"] == {"value": 120, "low": 40, "high": 200}
        assert (effect["return_on_spent"]["value"], effect["reasons"]) == (0.5, ["few-controls"])
        stopped = ask(maker, "POST", f"{path}:stop", {"reason": "Seen enough"})
        assert (stopped["state"], stopped["stop_code"]) == ("stopped", "by-hand")
        until(lambda: made["campaign_id"] not in at_till(system, treated), "the till shows it still")

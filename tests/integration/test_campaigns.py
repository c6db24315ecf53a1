"""A campaign is told when it is scheduled, begins by itself, stands at tills, and shows what it brought."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from aiokafka import AIOKafkaProducer

from .conftest import System, free_port, until
from .test_ordering import Distributor

PATH = "/customers/v1/campaigns"
GTIN = "06901028077774"


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


def sellable(system: System, key: str) -> Any:
    answer = httpx.get(
        f"{system.url}/pos/v1/sellable", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    return answer.raise_for_status().json()


def at_till(system: System, key: str) -> list[str]:
    return [each["campaign_id"] for each in sellable(system, key)["campaigns"]]


@contextmanager
def another_law(system: System, jurisdiction: str) -> Iterator[str]:
    """Run one more process of customers under the law of another place; gives its address."""
    port = free_port()
    changes = {"HUMIDOR_CUSTOMERS_JURISDICTION": jurisdiction, "HUMIDOR_PORT": str(port)}
    url, command = f"http://127.0.0.1:{port}", [sys.executable, "-m", "humidor_customers", "api"]
    with subprocess.Popen(command, env=system.environment_of("customers api") | changes) as process:
        try:
            until(lambda: answers(url), "the process does not answer")
            yield url
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


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


def deliver(made: Distributor) -> None:
    """Let the one customer order, pay and get its goods, so that there is something to know of it."""
    made.customers = made.customers[:1]
    made.open()
    made.order(made.customers[0], 2)
    (order,) = until(lambda: made.orders("reserved"), "the order got no stock")
    path = f"/customers/v1/orders/{order['order_id']}"
    debit = {"outcome": "paid", "amount_minor": order["value_minor"], "reference": order["order_id"]}
    made.ask("POST", f"{path}/debits", json=debit)
    made.ask("POST", f"{path}:dispatch")
    made.ask("POST", f"{path}:deliver", json={"proof": {"kind": "signature", "reference": "sheet 1"}})


def publish_segment(http: httpx.Client, retailer_id: str, name: str) -> str:
    """Freeze and tell the segment of one trade customer, by jobs."""
    rule = {"all": [{"field": "purchases", "at_least": 1}, {"field": "trade_area", "is": name}]}
    until(
        lambda: http.get(f"/customers/v1/profiles/retailer/{retailer_id}").status_code == 200,
        "the customer has no profile",
    )
    new = {"name": name, "party_kind": "retailer", "mode": "frozen", "rule": rule}
    segment_id: str = ask(http, "POST", "/customers/v1/segments", new, expect=201)["segment_id"]
    job = ask(http, "POST", f"/customers/v1/segments/{segment_id}:publish", expect=202)
    done = until(
        lambda: (found := ask(http, "GET", f"/customers/v1/jobs/{job['job_id']}"))["ended_at"] and found,
        "the segment was not published",
    )
    assert (done["state"], done["result"]["size"]) == ("done", 1), done
    return segment_id


def test_a_published_segment_gets_a_discount_at_its_tills_and_is_evaluated(system: System) -> None:
    second = system.cli("token", "--role", "manager", "--subject", "second")["token"]
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    with system.client() as http, another_law(system, "US") as abroad:
        made = Distributor(http)
        product = {"name": "Quay Red", "brand": "Quay", "retail_price_per_pack": 2500, "currency": "CNY"}
        made.ask("PUT", f"/inventory/v1/products/{GTIN}", json=product)
        stores = [f"{made.prefix}S{n}" for n in range(2)]
        for store in stores:
            made.ask(
                "PUT", f"/inventory/v1/stores/{store}", json={"name": store, "time_zone": "Asia/Shanghai"}
            )
        deliver(made)
        owner = f"/customers/v1/retailers/{made.customers[0]}"
        known = {name: made.ask("GET", owner)[name] for name in ("name", "licence_number")}
        made.ask("PUT", owner, json=known | {"trade_area": made.prefix, "store_ids": stores})
        segment_id = publish_segment(http, made.customers[0], made.prefix)
        body = {
            "name": made.prefix,
            "goal": "More of it",
            "kind": "price",
            "audience": "consumers",
            "channel": "in_store",
            "adult_check": "id_seen",
            "gtins": [GTIN],
            "discount_percent": 12.5,
            "starts_on": str(today),
            "ends_on": str(today + timedelta(days=9)),
            "segment_id": segment_id,
            "budget_minor": 5000,
            "currency": "CNY",
        }
        assert ask(http, "POST", PATH, body, expect=422)["code"] == "campaign-forbidden"
        maker, approver = (
            httpx.Client(base_url=abroad, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            for token in (system.token(), second)
        )
        with maker, approver:
            campaign_id = ask(maker, "POST", "/v1/campaigns", body, expect=201)["campaign_id"]
            path = f"/v1/campaigns/{campaign_id}"
            ask(maker, "POST", f"{path}:submit")
            ask(approver, "POST", f"{path}:approve", {"reason": "Allowed in this state"})
            ask(maker, "POST", f"{path}:schedule")
        key = system.terminal(stores[0])

        def offered() -> Any:
            items = [each for each in sellable(system, key)["items"] if each["gtin"] == GTIN]
            return items and items[0]["offer"]

        offer = until(offered, "the till has no discount")
        assert (offer["campaign_id"], offer["prices"]["pack"]) == (campaign_id, 2188)
        assert offer["prices"]["carton"] == 21875
        publish_evaluation(system, campaign_id)
        until(lambda: http.get(f"{PATH}/{campaign_id}/effect").status_code == 200, "it was not evaluated")
        listed = ask(http, "GET", f"{PATH}?store_id={stores[0]}")["items"]
        assert [(each["campaign_id"], each["uplift_low_sticks"]) for each in listed] == [(campaign_id, 40)]

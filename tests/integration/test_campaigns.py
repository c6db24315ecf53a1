"""A campaign for a segment, under the law of another place, lowers what tills ask for until it is stopped."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from .conftest import System, free_port, until
from .test_ordering import Distributor

PATH = "/customers/v1/campaigns"
GTIN = "06901028077774"


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


def test_a_published_segment_gets_a_discount_at_its_tills_until_it_is_stopped(system: System) -> None:
    second = system.cli("token", "--role", "manager", "--subject", "second")["token"]
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    with system.client() as http, another_law(system, "US") as abroad:
        made = Distributor(http)
        product = {"name": "Quay Red", "brand": "Quay", "retail_price_per_pack": 2500, "currency": "CNY"}
        made.ask("PUT", f"/inventory/v1/products/{GTIN}", json=product)
        stores = [f"{made.prefix}S{n}" for n in range(2)]
        for store in stores:
            made.ask(
                "PUT", f"/customers/v1/stores/{store}", json={"name": store, "time_zone": "Asia/Shanghai"}
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
        stopped = ask(http, "POST", f"{PATH}/{campaign_id}:stop", {"reason": "Seen enough"})
        assert (stopped["state"], stopped["stop_code"]) == ("stopped", "by-hand")
        until(lambda: not offered(), "the till has the discount still")

"""An operator connects a CRM: customers come and go both ways, Kafka tells it, and a webhook sends more."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from humidor_common.clock import utc_now
from humidor_common.delivery.signing import webhook_headers
from humidor_customers.testing.crm_server import status
from humidor_customers.testing.zoho import CLIENT, ZohoServer

from .conftest import System

RETAILERS = "customers.retailer.v1"
FIELDS = [
    {"ours": "name", "theirs": "Account_Name"},
    {"ours": "licence_number", "theirs": "Licence_No"},
    {"ours": "contact.phone", "theirs": "Phone"},
    {"ours": "retailer_id", "theirs": "Humidor_Id", "direction": "out"},
    {"ours": "trade_area", "theirs": "Area"},
]
SECRET = "whsec_" + base64.b64encode(b"integration-test-of-humidor-0123").decode()


@contextmanager
def serving(crm: ZohoServer) -> Iterator[None]:
    """Serve the CRM from a loop of its own for the length of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = crm.serving()
    asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(30)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


class Operator:
    """Somebody of the distributor, with a connector of this test's own."""

    def __init__(self, http: httpx.Client, crm: ZohoServer) -> None:
        self.http = http
        self.connector_id = f"crm-{uuid4().hex[:8]}"
        self.crm = crm

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        answer = self.http.request(method, f"/customers/v1/{path}", **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def connect(self, **given: Any) -> None:
        mapping = {"object": "Accounts", "match": ["licence_number"], "fields": FIELDS, "create": "here"}
        self.ask(
            "PUT",
            f"connectors/{self.connector_id}",
            json={"mapping": mapping, "name": "CRM"} | given,
            expect=201,
        )

    def run(self, **how: bool) -> Any:
        """Start a run and wait for the worker to end it."""
        run = self.ask("POST", f"connectors/{self.connector_id}/runs", json=how, expect=202)
        deadline = utc_now().timestamp() + 60
        while run["state"] in ("queued", "running", "waiting"):
            assert utc_now().timestamp() < deadline, run
            threading.Event().wait(0.2)
            run = self.ask("GET", f"sync-runs/{run['run_id']}")
        return run


def test_customers_go_both_ways_between_here_and_a_crm_and_come_by_webhook(system: System) -> None:
    number = uuid4().int % 10**5
    licences = [f"33010{each}1{number:05d}" for each in (3, 4, 5)]
    crm = ZohoServer(utc_now)
    with serving(crm), system.client() as http:
        operator = Operator(http, crm)
        urls = {"accounts_url": crm.url, "api_url": crm.url}
        operator.connect(kind="zoho", options=urls, secrets=CLIENT)
        first = crm.put(Account_Name="城南便利店", Licence_No=licences[0], Phone="13812345678")
        broken = crm.put(Account_Name="broken", Licence_No="33010")
        plan = operator.run(dry_run=True)
        assert (plan["state"], plan["counts"]["created"], plan["counts"]["failed"]) == ("done", 1, 1)
        assert operator.ask("GET", f"retailers?licence={licences[0]}")["items"] == []

        crm.fail("/Accounts", status(500))
        run = operator.run()
        assert (run["state"], run["counts"]["created"]) == ("done", 1)
        (customer,) = operator.ask("GET", f"retailers?licence={licences[0]}")["items"]
        assert crm.records[first]["Humidor_Id"] == customer["retailer_id"]
        (failure,) = operator.ask("GET", f"sync-failures?connector_id={operator.connector_id}")["items"]
        assert (failure["remote_id"], failure["errors"][0]["field"]) == (broken, "licence_number")

        body = {
            name: customer[name]
            for name in ("name", "licence_number", "business_format", "contacts", "state")
        } | {"trade_area": f"A{number}", "reason": "moved"}
        operator.ask("PUT", f"retailers/{customer['retailer_id']}", json=body)
        crm.put(first, Phone="13900000000")
        crm.put(broken, Licence_No=licences[1])
        operator.ask("POST", f"sync-failures/{failure['failure_id']}:retry", json={})
        while operator.ask("GET", f"sync-failures?connector_id={operator.connector_id}")["items"]:
            threading.Event().wait(0.2)
        while crm.records[first].get("Area") != f"A{number}":
            threading.Event().wait(0.2)
        merged = operator.ask("GET", f"retailers/{customer['retailer_id']}")
        assert (merged["contacts"][0]["phone"], merged["trade_area"]) == ("13900000000", f"A{number}")

        hook = Operator(http, crm)
        hook.connect(kind="webhook", secrets={"signing_secret": SECRET})
        fields = {"Account_Name": "by webhook", "Licence_No": licences[2]}
        content = json.dumps({"type": "shop", "data": {"records": [{"id": "1", "fields": fields}]}}).encode()
        headers = webhook_headers(uuid4().hex, SECRET, content, now=datetime.now(UTC))
        url = f"{str(http.base_url).rstrip('/')}/customers/v1/hooks/{hook.connector_id}"
        answer = httpx.post(url, content=content, headers=headers)
        assert (answer.status_code, answer.json()["results"][0]["outcome"]) == (200, "created")

        system.wait_drained()
        events = [each for each in system.told(RETAILERS) if each["licence_number"] in licences]
        assert {each["licence_number"] for each in events} == set(licences)
        own = [each for each in events if each["licence_number"] == licences[0]]
        assert [each["trade_area"] for each in own][-1] == f"A{number}"
        assert "13900000000" not in json.dumps(events)
        for connector in (operator, hook):
            path = f"connectors/{connector.connector_id}"
            known = connector.ask("GET", path)
            assert not any(secret in json.dumps(known) for secret in (*CLIENT.values(), SECRET))
            kept = {name: known[name] for name in ("kind", "name", "mapping", "options")}
            connector.ask("PUT", path, json=kept | {"enabled": False})

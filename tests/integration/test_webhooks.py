"""A partner's system is told of customers by signed webhooks, over real HTTP and Kafka."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from aiohttp import web
from aiokafka import AIOKafkaConsumer

from humidor_common.testing.receiving import receiving, verified

from .conftest import System

TOPIC = "customers.retailer.v1"
CHANGED = "customers.retailer-changed.v1"
WITHIN_SECONDS = 60


async def until(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.2)
    return found


async def ask(http: httpx.AsyncClient, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
    headers = {"Idempotency-Key": uuid4().hex}
    answer = await http.request(method, f"/customers/v1/{path}", headers=headers, **more)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def event_id_of(system: System, retailer_id: str) -> str:
    """Give the id of the first event about a customer on the bus."""
    bootstrap = system.environment_of("customers worker")["HUMIDOR_KAFKA_BOOTSTRAP_SERVERS"]
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            async for record in consumer:
                if record.key == retailer_id.encode():
                    found: str = dict(record.headers)["ce_id"].decode()
                    return found
    finally:
        await consumer.stop()
    raise AssertionError(f"nothing was told about {retailer_id}")


async def test_a_partner_is_told_of_its_customers_tried_again_and_told_anew_after_a_loss(
    system: System,
) -> None:
    area = f"W{uuid4().hex[:8]}"
    headers = {"Authorization": f"Bearer {system.token()}"}
    began = datetime.now(UTC)
    async with (
        receiving() as partner,
        httpx.AsyncClient(base_url=system.url, headers=headers, timeout=30) as http,
    ):
        partner.answers = [lambda _: web.Response(status=503, text="restarting")]
        body = {
            "name": "partner",
            "target": f"{partner.url}/hook",
            "types": [CHANGED],
            "filters": {"trade_area": [area]},
        }
        made = await ask(http, "POST", "webhooks", json=body, expect=201)
        path = f"webhooks/{made['webhook_id']}"
        for retailer, where in ((f"{area}A", area), (f"{area}B", "elsewhere")):
            shop = {"name": "城南烟酒店", "state": "prospect", "trade_area": where}
            await ask(http, "PUT", f"retailers/{retailer}", json=shop, expect=201)
        await until(lambda: len(partner.calls) >= 2, "it was not tried again")
        first, second = partner.calls
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert verified(second, made["secret"])
        assert (second.document["type"], second.document["data"]["retailer_id"]) == (CHANGED, f"{area}A")

        async def settled() -> Any:
            items = (await ask(http, "GET", f"{path}/deliveries"))["items"]
            return items if items[0]["state"] == "sent" else None

        (entry,) = await _until(settled)
        assert (entry["attempts"], entry["last_status"]) == (2, 204)
        assert entry["last_latency_ms"] is not None
        assert entry["event_id"] == await event_id_of(system, f"{area}A")
        detail = await ask(http, "GET", f"deliveries/{entry['delivery_id']}")
        assert [each["detail"] for each in detail["log"]] == [None, "HTTP 503: restarting"]

        rotated = await ask(http, "POST", f"{path}:rotate-secret", json={"overlap_hours": 1})
        span = {"from": began.isoformat(), "until": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
        assert await ask(http, "POST", f"{path}/deliveries:replay", json=span) == {"messages": 1}
        await until(lambda: len(partner.calls) >= 3, "nothing was sent again")
        again = partner.calls[2]
        assert (again.headers["webhook-id"], again.body) == (second.headers["webhook-id"], second.body)
        assert verified(again, made["secret"])
        assert verified(again, rotated["secret"])


async def _until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (found := await look()):
        assert time.monotonic() < deadline, "the attempt was not settled"
        await asyncio.sleep(0.2)
    return found

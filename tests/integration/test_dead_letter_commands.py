"""Events that inventory cannot apply, and what an operator does about them with the command line."""

import asyncio
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from .conftest import System

pytestmark = pytest.mark.timeout(400)

STORE = "D0001"
GTIN = "02000000000015"
MILLION_CASES = 1_000_000


def open_letters(system: System) -> dict[str, dict[str, Any]]:
    """Give those of inventory: what no service can read has one in each that listens."""
    items = system.cli("deadletters", "list")["items"]
    return {item["dead_letter_id"]: item for item in items if item["service"] == "inventory"}


def put_product(system: System, **factors: int) -> None:
    with system.client() as client:
        answer = client.put(f"/inventory/v1/products/{GTIN}", json={"name": "odd", "brand": "odd", **factors})
        assert answer.status_code in (200, 201), answer.text


def sell(system: System, key: str) -> None:
    """Sell more than any stock can hold: pos records the fact, inventory cannot apply it."""
    line = {"line": 1, "gtin": GTIN, "quantity": MILLION_CASES, "unit": "case", "unit_price": 1}
    sale = {
        "sale_id": str(uuid.uuid4()),
        "store_id": STORE,
        "sold_at": "2026-11-23T10:15:00+08:00",
        "currency": "CNY",
        "lines": [line],
        "payments": [],
    }
    with system.client() as client:
        answer = client.post("/pos/v1/sales", json=sale, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 201, answer.text


def send_nonsense(system: System) -> None:
    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{system.process('kafka')['port']}")
        await producer.start()
        try:
            await producer.send_and_wait("pos.sale.v1", b"\x00nonsense", key=STORE.encode())
        finally:
            await producer.stop()

    asyncio.run(send())


def test_a_dead_letter_is_shown_fails_again_and_is_applied_once_its_cause_is_mended(system: System) -> None:
    with system.client() as client:
        client.put(f"/inventory/v1/stores/{STORE}", json={"name": "a store of odd sales"}).raise_for_status()
    put_product(system, sticks_per_pack=100_000, packs_per_carton=10_000, cartons_per_case=1)
    before = open_letters(system)
    sell(system, system.terminal(STORE))
    system.wait_drained()
    (identity,) = open_letters(system).keys() - before.keys()

    shown = system.cli("deadletters", "show", identity)
    assert shown["service"] == "inventory"
    assert "more than stock can hold" in shown["reason"]
    assert GTIN in shown["payload"]

    again = system.cli("deadletters", "retry", identity, check=False)
    assert again["still_open"] == 1
    assert "more than stock can hold" in again["items"][0]["detail"]

    put_product(system, sticks_per_pack=1, packs_per_carton=1, cartons_per_case=1)
    assert system.cli("deadletters", "retry", identity)["items"][0]["state"] == "retried"
    assert identity not in open_letters(system)
    with system.client() as client:
        params = {"store_id": STORE, "gtin": GTIN, "unit": "stick"}
        (stock,) = client.get("/inventory/v1/stock", params=params).json()["items"]
    assert stock["on_hand_sticks"] == -MILLION_CASES


def test_a_dead_letter_is_dropped_with_a_reason_and_only_once(system: System) -> None:
    before = open_letters(system)
    send_nonsense(system)
    system.wait_drained()
    (identity,) = open_letters(system).keys() - before.keys()
    dropped = system.cli("deadletters", "drop", identity, "--reason", "nonsense of a test", "--yes")
    assert dropped["items"][0]["state"] == "dropped"
    settled = {
        item["dead_letter_id"]: item
        for item in system.cli("deadletters", "list", "--state", "dropped")["items"]
    }
    assert settled[identity]["settled_reason"] == "nonsense of a test"
    again = system.cli("deadletters", "drop", identity, "--reason", "again", "--yes", check=False)
    assert again["still_open"] == 1
    assert "dropped already" in again["items"][0]["detail"]

"""Kill -9 of every part under load: afterwards each accepted sale is counted exactly once.

All the while replicas of the inventory worker join and leave the consumer group. By default the faults come
one after the other under one load, three seconds each; where CHAOS_SECONDS says how long one lasts (`make
chaos`), each has a load and a count of its own.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from uuid import uuid4

import aiohttp
import httpx
import pytest

GTINS = ["06901028000017", "06901028000024", "06901028000031"]
STORES = ["S0001", "S0002", "S0003", "S0004"]
SECONDS = float(os.environ.get("CHAOS_SECONDS", "3"))
PAUSE_SECONDS = 0.03
Stock = dict[tuple[str, str], int]


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]
    wait_ready: Callable[..., None]
    process: Callable[[str], dict[str, Any]]
    environment_of: Callable[[str], dict[str, str]]
    kill: Callable[[str], int]
    logged: Callable[[str], str]


class Load:
    """Terminals that sell until told to stop, each repeating a sale until it is answered for good."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.url = f"http://127.0.0.1:{system.process('pos api')['port']}"
        self.keys = {store: system.terminal(store) for store in STORES}
        self.stop = asyncio.Event()
        self.sold: Counter[tuple[str, str]] = Counter()
        self.accepted_at: list[float] = []
        self.repeats = 0

    async def run(self, store: str) -> None:
        headers = {"Authorization": f"Bearer {self.keys[store]}"}
        patience = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(self.url, headers=headers, timeout=patience) as http:
            while not self.stop.is_set():
                body = _sale(store)
                await self._until_answered(http, body)
                for line in body["lines"]:
                    self.sold[store, line["gtin"]] += line["quantity"]
                self.accepted_at.append(time.monotonic())
                # Some hundred sales a second, and a processor that has time for what has to start again.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _until_answered(self, http: aiohttp.ClientSession, body: dict[str, Any]) -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.post("/v1/sales", json=body) as answer:
                    if answer.status in {200, 201}:
                        return
                    if answer.status not in {429, 503}:
                        problem = await answer.json()
                        pytest.fail(f"{problem}\n{self.system.logged(problem['trace_id'])}")
                    assert "retry-after" in answer.headers
            self.repeats += 1
            await asyncio.sleep(0.1)


def _sale(store: str) -> dict[str, Any]:
    gtins = random.sample(GTINS, random.randint(1, 3))
    quantities = [random.randint(1, 3) for _ in gtins]
    lines = [
        {"line": n + 1, "gtin": gtin, "quantity": quantity, "unit": "pack", "unit_price": 100}
        for n, (gtin, quantity) in enumerate(zip(gtins, quantities, strict=True))
    ]
    return {
        "sale_id": str(uuid4()),
        "store_id": store,
        "sold_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "currency": "CNY",
        "lines": lines,
        "payments": [{"method": "cash", "amount": 100 * sum(quantities)}],
        "age_check": {"method": "visual", "passed": True},
    }


@asynccontextmanager
async def selling(system: System) -> AsyncIterator[Load]:
    load = Load(system)
    clerks = [asyncio.create_task(load.run(store)) for store in STORES for _ in range(2)]
    try:
        yield load
    finally:
        load.stop.set()
        await asyncio.wait_for(asyncio.gather(*clerks), 120)


@asynccontextmanager
async def replicas_coming_and_going(system: System) -> AsyncIterator[None]:
    environment = system.environment_of("inventory worker") | {"HUMIDOR_PORT": "0"}
    churn = asyncio.create_task(_churn(environment))
    try:
        yield
    finally:
        churn.cancel()
        await asyncio.gather(churn, return_exceptions=True)


async def _churn(environment: dict[str, str]) -> None:
    while True:
        replica = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "humidor_inventory", "worker"],
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.sleep(random.uniform(7, 11))
            replica.send_signal(random.choice([signal.SIGTERM, signal.SIGKILL]))
            await asyncio.wait_for(replica.wait(), 15)
        finally:
            if replica.returncode is None:
                replica.kill()
                await replica.wait()


def stock(system: System) -> Stock:
    found: Stock = {}
    with system.client() as http:
        for store in STORES:
            items = http.get("/inventory/v1/stock", params={"store_id": store, "limit": 1000}).json()["items"]
            found |= {(store, item["gtin"]): item["on_hand"] for item in items if item["gtin"] in GTINS}
    return found


FAULTS = {
    "pos": ["pos api"],
    "inventory": ["inventory worker"],
    "both relays": ["pos api", "pos worker"],
    "kafka": ["kafka"],
    "postgresql": ["postgresql"],
    "everything at once": ["kafka", "postgresql", "pos api", "inventory worker"],
}
ROUNDS = (
    {fault: [fault] for fault in FAULTS}
    if "CHAOS_SECONDS" in os.environ
    # The relays' processes are those of pos, so that pos is killed there as well, and Kafka with everything.
    else {"one fault after the other": [fault for fault in FAULTS if fault not in {"pos", "kafka"}]}
)


@pytest.mark.timeout(int(480 + 2 * SECONDS))
@pytest.mark.parametrize("faults", ROUNDS.values(), ids=ROUNDS.keys())
async def test_every_accepted_sale_is_counted_once_after(system: System, faults: list[str]) -> None:
    await asyncio.to_thread(system.wait_ready)
    await asyncio.to_thread(system.wait_drained)
    before = await asyncio.to_thread(stock, system)
    async with replicas_coming_and_going(system), selling(system) as load:
        for fault in faults:
            await asyncio.sleep(SECONDS / 3)
            for name in FAULTS[fault]:
                await asyncio.to_thread(system.kill, name)
            killed_at = time.monotonic()
            await asyncio.sleep(SECONDS)
            await asyncio.to_thread(system.wait_ready)
            await asyncio.sleep(1)
            assert load.accepted_at[-1] > killed_at, f"sales go on after {fault}"
    await asyncio.to_thread(system.wait_drained, 180)
    after = await asyncio.to_thread(stock, system)
    counted = {key: before[key] - after[key] for key in before}
    assert counted == {key: load.sold.get(key, 0) for key in before}
    with system.client() as http:
        assert http.get("/inventory/v1/checks/ledger").json()["equal"] is True


@pytest.mark.timeout(300)
async def test_pos_goes_on_selling_while_the_bus_is_away(system: System) -> None:
    await asyncio.to_thread(system.wait_ready)
    pid = int(system.process("kafka")["pid"])
    async with selling(system) as load:
        os.kill(pid, signal.SIGSTOP)
        try:
            paused_at = time.monotonic()
            async with asyncio.timeout(60):
                while sum(at > paused_at + 1 for at in load.accepted_at) <= 10:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            os.kill(pid, signal.SIGCONT)
    await asyncio.to_thread(system.wait_drained, 180)

"""Services running inside a test's own event loop, on real parts."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from humidor_common.messaging.lag import LagMeter, open_lag_meter
from humidor_common.runtime import Runtime
from humidor_common.service import Role, Service
from humidor_common.settings import ServiceSettings
from humidor_common.web.app import create_app

DRAIN_SECONDS = 30


@dataclass
class Running:
    """One process of a service: its app, its runtime and a client that calls it."""

    app: FastAPI
    runtime: Runtime
    client: httpx.AsyncClient


@asynccontextmanager
async def running(service: Service, settings: ServiceSettings, role: Role = "api") -> AsyncIterator[Running]:
    """Run one process of `service` until the block ends."""
    app = create_app(service, settings, role)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{service.name}") as client,
    ):
        yield Running(app, app.state.runtime, client)


async def drained(*processes: Running, within_seconds: float = DRAIN_SECONDS) -> None:
    """Wait until every outbox is empty and every consumer has caught up, twice in a row.

    Raises:
        TimeoutError: They did not in time.
    """
    async with AsyncExitStack() as stack:
        meters = {
            process.runtime.service.name: await stack.enter_async_context(
                open_lag_meter(process.runtime.settings)
            )
            for process in processes
        }
        quiet = 0
        async with asyncio.timeout(within_seconds):
            while quiet < 2:
                quiet = quiet + 1 if await _pending(processes, meters) == 0 else 0
                await asyncio.sleep(0.02)


async def _pending(processes: Sequence[Running], meters: Mapping[str, LagMeter]) -> int:
    pending = 0
    for process in processes:
        runtime = process.runtime
        pending += await runtime.pool.fetchval("SELECT count(*) FROM outbox")
        lag = await meters[runtime.service.name].read(runtime.service.subscriptions)
        pending += sum(lag.values())
    return pending

"""The service: what it consumes; its slices are in `routes`, what its worker keeps doing in `working`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.runtime import Runtime, beside
from humidor_common.service import Routes, Service
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.live.announcer import announcing
from humidor_inventory.live.feed import StockFeed
from humidor_inventory.orderstock.consumers import SUBSCRIPTION as ORDERED
from humidor_inventory.policies.consumers import PROJECTION as FORECASTS
from humidor_inventory.policies.consumers import SUBSCRIPTION as FORECASTED
from humidor_inventory.sales.consumers import SUBSCRIPTION
from humidor_inventory.settings import InventorySettings


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Work beside the consumers; what it takes (clients of HTTP, SMTP and MQTT) is imported here alone."""
    from humidor_inventory.working import working

    async with working(runtime):
        yield


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Follow the stock that somebody listens to while the HTTP process runs."""
    feed = StockFeed(runtime.settings.pg_dsn)
    runtime.put(feed)
    async with announcing(runtime.pool), beside(feed.run()):
        yield


def _routes() -> Routes:
    from humidor_inventory.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="inventory",
    title="Humidor Inventory",
    package="humidor_inventory",
    routes=_routes,
    settings=InventorySettings,
    subscriptions=(SUBSCRIPTION, FORECASTED, ORDERED),
    projections=(PROJECTION, FORECASTS),
    api_context=api_context,
    worker_context=worker_context,
)

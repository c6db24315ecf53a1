"""The service: its slices, what it consumes and what its worker keeps doing."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from humidor_common.delivery.sender import Sender
from humidor_common.delivery.web import make_router as make_delivery_router
from humidor_common.runtime import Runtime
from humidor_common.service import Service
from humidor_inventory.alerts import api as alerts
from humidor_inventory.alerts.sweep import keep_sweeping
from humidor_inventory.checks import api as checks
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.discrepancies import api as discrepancies
from humidor_inventory.displays import api as displays
from humidor_inventory.excursions import api as excursions
from humidor_inventory.excursions.watch import watch_zones
from humidor_inventory.forecasts import api as forecasts
from humidor_inventory.freshness import api as freshness
from humidor_inventory.imports import api as imports
from humidor_inventory.kits import api as kits
from humidor_inventory.levels import api as levels
from humidor_inventory.live import api as live
from humidor_inventory.live.announcer import announcing
from humidor_inventory.live.feed import StockFeed
from humidor_inventory.lots import api as lots
from humidor_inventory.movements import api as movements
from humidor_inventory.notifications import api as notifications
from humidor_inventory.notifications.digests import keep_telling
from humidor_inventory.orderplans import api as orderplans
from humidor_inventory.planning import api as planning
from humidor_inventory.planning.calculating import run_plans
from humidor_inventory.policies import api as policies
from humidor_inventory.policies.consumers import PROJECTION as FORECASTS
from humidor_inventory.policies.consumers import SUBSCRIPTION as FORECASTED
from humidor_inventory.policies.due import recalculate_due
from humidor_inventory.products import api as products
from humidor_inventory.purchasing import api as purchasing
from humidor_inventory.purchasing import expecting_api as expecting
from humidor_inventory.purchasing.late import watch_deliveries
from humidor_inventory.readings import api as readings
from humidor_inventory.readings.partitions import keep_climate_partitions
from humidor_inventory.readings.subscriber import take_by_mqtt
from humidor_inventory.receipts import api as receipts
from humidor_inventory.replenishment import api as replenishment
from humidor_inventory.reservations import api as reservations
from humidor_inventory.reservations.expiry import release_expired
from humidor_inventory.rollups.rolling import keep_rollups
from humidor_inventory.sales import api as sales
from humidor_inventory.sales.consumers import SUBSCRIPTION
from humidor_inventory.scorecards import api as scorecards
from humidor_inventory.sensors import api as sensors
from humidor_inventory.sensors.passwords import keep_password_file
from humidor_inventory.settings import InventorySettings
from humidor_inventory.stock import api as stock
from humidor_inventory.stock.partitions import keep_partitions
from humidor_inventory.stocktakes import api as stocktakes
from humidor_inventory.stores import api as stores
from humidor_inventory.supplier_portal import access_api as supplier_access
from humidor_inventory.supplier_portal import api as supplier_portal
from humidor_inventory.supplier_returns import api as supplier_returns
from humidor_inventory.suppliers import api as suppliers
from humidor_inventory.supply import api as supply
from humidor_inventory.turnover import api as turnover
from humidor_inventory.zones import api as zones

SLICES = (
    products,
    stores,
    suppliers,
    stock,
    lots,
    live,
    levels,
    policies,
    forecasts,
    replenishment,
    alerts,
    notifications,
    receipts,
    purchasing,
    expecting,
    supplier_returns,
    supplier_access,
    supplier_portal,
    discrepancies,
    scorecards,
    sales,
    checks,
    stocktakes,
    movements,
    reservations,
    freshness,
    turnover,
    imports,
    kits,
    displays,
    zones,
    sensors,
    readings,
    excursions,
    supply,
    planning,
    orderplans,
)
WORK = (keep_partitions, release_expired, keep_sweeping, keep_telling, keep_rollups, watch_deliveries)


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Do what time asks for meanwhile: plan, tell of changed stock, send what waits, watch the climate."""
    pool, wake = runtime.pool, runtime.wake_relay
    work = [each(pool) for each in WORK]
    work += [recalculate_due(runtime), run_plans(runtime)]
    if isinstance(settings := runtime.settings, InventorySettings):
        work += [
            Sender(pool, settings).run(),
            keep_climate_partitions(pool, settings),
            keep_password_file(pool, settings),
            take_by_mqtt(pool, settings, wake),
            watch_zones(pool, settings, wake),
        ]
    async with announcing(pool), _beside(*work):
        yield


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Follow the stock that somebody listens to while the HTTP process runs."""
    feed = StockFeed(runtime.settings.pg_dsn)
    runtime.put(feed)
    async with announcing(runtime.pool), _beside(feed.run()):
        yield


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


SERVICE = Service(
    name="inventory",
    title="Humidor Inventory",
    package="humidor_inventory",
    routers=(*(each.router for each in SLICES), make_delivery_router("inventory")),
    settings=InventorySettings,
    subscriptions=(SUBSCRIPTION, FORECASTED),
    projections=(PROJECTION, FORECASTS),
    api_context=api_context,
    worker_context=worker_context,
)

"""The service: its slices, what it consumes and what its worker keeps doing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from humidor_common.runtime import Runtime
from humidor_common.service import Service
from humidor_inventory.checks import api as checks
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.levels import api as levels
from humidor_inventory.products import api as products
from humidor_inventory.receipts import api as receipts
from humidor_inventory.replenishment import api as replenishment
from humidor_inventory.sales import api as sales
from humidor_inventory.sales.consumers import SUBSCRIPTION
from humidor_inventory.stock import api as stock
from humidor_inventory.stock.partitions import keep_partitions
from humidor_inventory.stocktakes import api as stocktakes
from humidor_inventory.stores import api as stores
from humidor_inventory.suppliers import api as suppliers

SLICES = (products, stores, suppliers, stock, levels, replenishment, receipts, sales, checks, stocktakes)


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Keep the ledger's partitions while the worker runs."""
    task = asyncio.create_task(keep_partitions(runtime.pool))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


SERVICE = Service(
    name="inventory",
    title="Humidor Inventory",
    package="humidor_inventory",
    routers=tuple(each.router for each in SLICES),
    subscriptions=(SUBSCRIPTION,),
    projections=(PROJECTION,),
    worker_context=worker_context,
)

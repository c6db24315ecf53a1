"""The service: its slices, what it consumes and what its HTTP process keeps open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

from humidor_common.clock import utc_now
from humidor_common.db.pool import prepare_connection
from humidor_common.runtime import Runtime
from humidor_common.service import Service
from humidor_common.telemetry.logs import get_logger

from humidor_pos.facts.partitions import keep_partitions
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.products.consumers import PROJECTION, SUBSCRIPTION
from humidor_pos.revisions import UNAVAILABLE
from humidor_pos.sales import api as sales
from humidor_pos.sales.writer import SaleWriter
from humidor_pos.settings import PosSettings
from humidor_pos.terminals import api as terminals
from humidor_pos.terminals.directory import Terminals

SEEN_EVERY_SECONDS = 5
PARTITIONS_EVERY_SECONDS = 60

log = get_logger(__name__)


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Open the directories and the writer of the HTTP process."""
    settings = cast("PosSettings", runtime.settings)
    runtime.put(settings)
    runtime.put(
        Terminals(
            runtime.pool,
            per_second=settings.pos_terminal_requests_per_second,
            burst=settings.pos_terminal_burst_requests,
        )
    )
    runtime.put(Catalogue(runtime.pool))
    writer = SaleWriter(settings, runtime.pool, runtime.wake_relay)
    runtime.put(writer)
    async with runtime.pool.acquire() as conn:
        await keep_partitions(conn, utc_now())
    writer.start()
    try:
        yield
    finally:
        await writer.stop()


SERVICE = Service(
    name="pos",
    title="Humidor POS",
    package="humidor_pos",
    routers=(sales.router, terminals.router),
    subscriptions=(SUBSCRIPTION,),
    projections=(PROJECTION,),
    settings=PosSettings,
    api_context=api_context,
)

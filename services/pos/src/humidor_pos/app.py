"""The service: its slices, what it consumes and what its HTTP process keeps open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from humidor_common.clock import utc_now
from humidor_common.privacy.answering import subscribe
from humidor_common.privacy.keeping import keep_privacy
from humidor_common.runtime import Runtime, beside
from humidor_common.service import Routes, Service
from humidor_common.telemetry.logs import get_logger
from humidor_pos.campaigns.consumers import PROJECTION as CAMPAIGNS_PROJECTION
from humidor_pos.campaigns.consumers import SUBSCRIPTION as CAMPAIGNS_SUBSCRIPTION
from humidor_pos.campaigns.directory import Campaigns
from humidor_pos.closings.service import reevaluate_due
from humidor_pos.facts.partitions import keep_partitions
from humidor_pos.lots.consumers import PROJECTION as LOTS_PROJECTION
from humidor_pos.lots.consumers import SUBSCRIPTION as LOTS_SUBSCRIPTION
from humidor_pos.lots.directory import Lots
from humidor_pos.members.holdings import PRIVACY
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.products.consumers import PROJECTION, SUBSCRIPTION
from humidor_pos.returns.waiting import LOOK_AT_ALL_SECONDS, settle_all_waiting, settle_waiting
from humidor_pos.sales.writer import SaleWriter
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.directory import Terminals

log = get_logger(__name__)


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Open the directories and the writer of the HTTP process, and look after what comes late."""
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
    runtime.put(Lots(runtime.pool, within_days=settings.pos_expiring_within_days))
    runtime.put(Campaigns(runtime.pool))
    writer = SaleWriter(settings, runtime.pool, runtime.wake_relay)
    runtime.put(writer)
    await _keep_partitions(runtime)
    writer.start()
    work = [
        _every(settings.pos_settle_every_seconds, settle_waiting, runtime),
        _every(LOOK_AT_ALL_SECONDS, settle_all_waiting, runtime),
        _every(settings.pos_settle_every_seconds, reevaluate_due, runtime),
        _every(5, _write_seen, runtime),
        _every(60, _keep_partitions, runtime),
    ]
    try:
        async with beside(*work):
            yield
    finally:
        await writer.stop()


async def _every(seconds: float, work: Callable[[Runtime], Awaitable[object]], runtime: Runtime) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work(runtime)
        except Exception as error:  # noqa: BLE001 - work that comes again must outlive any one failure
            log.warning("periodic work failed", extra={"work": work.__name__, "error": repr(error)})


async def _keep_partitions(runtime: Runtime) -> None:
    async with runtime.pool.acquire() as conn:
        await keep_partitions(conn, utc_now())


async def _write_seen(runtime: Runtime) -> None:
    async with runtime.pool.acquire() as conn:
        await runtime.get(Terminals).write_seen(conn)


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Keep to the rules of retention, and to what members asked for, also where sales come in late."""
    async with beside(keep_privacy(runtime.pool, PRIVACY)):
        yield


def _routes() -> Routes:
    from humidor_pos.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="pos",
    title="Humidor POS",
    package="humidor_pos",
    routes=_routes,
    subscriptions=(SUBSCRIPTION, LOTS_SUBSCRIPTION, CAMPAIGNS_SUBSCRIPTION, subscribe(PRIVACY)),
    projections=(PROJECTION, LOTS_PROJECTION, CAMPAIGNS_PROJECTION),
    settings=PosSettings,
    api_context=api_context,
    worker_context=worker_context,
)

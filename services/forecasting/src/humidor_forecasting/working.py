"""What the service's worker keeps doing beside consuming; the HTTP processes import none of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime, beside
from humidor_common.telemetry.logs import get_logger
from humidor_forecasting.challengers import queries as challengers
from humidor_forecasting.drifts.service import watch
from humidor_forecasting.evaluations.working import Evaluator
from humidor_forecasting.forecasts import queries
from humidor_forecasting.runs.working import Worker
from humidor_forecasting.settings import ForecastingSettings

FORGET_EVERY_SECONDS = 3600.0
FORGET_AT_ONCE = 1000
WATCH_EVERY_SECONDS = 600.0

log = get_logger(__name__)


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Carry runs and evaluations out, watch what runs published, and forget old forecasts."""
    settings = runtime.settings
    if not isinstance(settings, ForecastingSettings):
        raise TypeError("the settings are not those of this service")
    worker = Worker(runtime.pool, settings, runtime.wake_relay)
    evaluator = Evaluator(runtime.pool, settings, runtime.wake_relay)
    async with beside(
        worker.run(),
        evaluator.run(),
        _keep_watching(runtime),
        _keep_forgetting(runtime.pool, settings.forecasting_keep_days),
    ):
        yield


async def _keep_watching(runtime: Runtime) -> None:
    async def look() -> bool:
        if await watch(runtime.pool, now=utc_now()):
            runtime.wake_relay()
        return False

    await keep(look, "forecasts not watched", every_seconds=WATCH_EVERY_SECONDS)


async def _keep_forgetting(pool: Pool, keep_days: int) -> None:
    while True:
        await asyncio.sleep(FORGET_EVERY_SECONDS)
        try:
            await forget_old(pool, keep_days)
        except DATABASE_ERRORS as error:
            log.warning("nothing forgotten, trying again later", extra={"error": repr(error)})


async def forget_old(pool: Pool, keep_days: int) -> None:
    """Forget forecasts older than that, but for the newest of each series, and what was imported long ago."""
    before = utc_now() - timedelta(days=keep_days)
    for forget in (queries.forget, challengers.forget):
        more = True
        while more:
            async with transaction(pool) as conn:
                more = await forget(conn, before=before, limit=FORGET_AT_ONCE) == FORGET_AT_ONCE

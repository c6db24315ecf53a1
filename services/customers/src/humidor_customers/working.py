"""What the service's worker keeps doing beside consuming; the HTTP processes import none of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.auth.sealing import Sealer
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery.sender import Sender
from humidor_common.privacy.keeping import keep_privacy
from humidor_common.runtime import Runtime, beside
from humidor_customers.campaigns.keeping import keep_campaigns
from humidor_customers.channels.service import seal_plain
from humidor_customers.duplicates.finding import keep_comparing
from humidor_customers.exports import running as exports
from humidor_customers.exports.keeping import keep_exports
from humidor_customers.exports.service import KIND as EXPORT
from humidor_customers.interactions.sending import own_way
from humidor_customers.jobs.queries import Lane
from humidor_customers.jobs.working import Handler, keep_jobs
from humidor_customers.market.rebuilding import KIND as REBUILD
from humidor_customers.market.rebuilding import rebuild
from humidor_customers.market.summing import keep_market
from humidor_customers.mining.running import handlers
from humidor_customers.orders.lapsing import keep_lapsing
from humidor_customers.profiles.keeping import keep_profiles
from humidor_customers.purchases.keeping import keep_purchases
from humidor_customers.quarters import Quarters, keep_quarters
from humidor_customers.rights.collecting import keep_collecting
from humidor_customers.rights.retention import PRIVACY, keep_asking
from humidor_customers.segments import running as segments
from humidor_customers.settings import CustomersSettings
from humidor_customers.syncs.working import Worker
from humidor_customers.tiers.cadence import KIND as SCORING
from humidor_customers.tiers.cadence import keep_scoring, run_scoring
from humidor_customers.value.cadence import keep_models
from humidor_customers.value.running import run_model
from humidor_customers.value.service import KIND as MODEL

SEALED_EVERY_SECONDS = 600
HANDLERS: dict[str, Handler] = {
    MODEL: run_model,
    SCORING: run_scoring,
    REBUILD: rebuild,
    **segments.HANDLERS,
}
"""What does the jobs of each kind."""

SOON = (*segments.HANDLERS, EXPORT)
"""Kinds of jobs that somebody waits for: they do not stand behind one that takes an hour."""

QUARTERS = (
    Quarters("timeline", "happened_at", "DELETE FROM timeline_waiting WHERE happened_at < $1"),
    Quarters("purchase_documents", "bought_at", "DELETE FROM purchase_returns WHERE taken_at < $1"),
)


async def keep_sealed(pool: Pool, sealer: Sealer) -> None:
    """Seal secrets of channels that were kept without a key, until cancelled."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            return await seal_plain(conn, sealer)

    await keep(look, "secrets of channels not sealed", every_seconds=SEALED_EVERY_SECONDS)


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Compare customers, end old drafts, send messages, look after rights, carry connectors' runs out."""
    pool, wake = runtime.pool, runtime.wake_relay
    work = [
        keep_comparing(pool),
        keep_lapsing(pool),
        *(keep_quarters(pool, each) for each in QUARTERS),
        keep_purchases(pool),
        keep_market(pool),
        keep_campaigns(pool),
        keep_scoring(pool),
        keep_jobs(
            pool,
            HANDLERS | handlers(runtime.settings.pg_dsn),
            Lane(SOON),
            dask_address=runtime.settings.dask_address,
        ),
        keep_jobs(pool, HANDLERS | exports.handlers(runtime), Lane(SOON, inside=True)),
        keep_exports(pool),
    ]
    work += [keep_asking(pool), keep_privacy(pool, PRIVACY)]
    if isinstance(settings := runtime.settings, CustomersSettings):
        work += [
            Sender(pool, settings.of_webhooks, own=own_way(pool, settings, wake)).run(),
            keep_collecting(pool, settings.upstream_urls),
            Worker(pool, settings, wake).run(),
            keep_profiles(pool, consent_needed=settings.profiles_need_consent),
            keep_models(pool, settings.customers_models_days),
            keep_sealed(pool, Sealer(settings.connector_keys)),
        ]
    async with beside(*work):
        yield

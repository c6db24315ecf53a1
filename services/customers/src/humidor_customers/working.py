"""What the service's worker keeps doing beside consuming; the HTTP processes import none of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.delivery.sender import Sender
from humidor_common.privacy.keeping import keep_privacy
from humidor_common.runtime import Runtime, beside
from humidor_customers.duplicates.finding import keep_comparing
from humidor_customers.interactions.sending import own_way
from humidor_customers.orders.lapsing import keep_lapsing
from humidor_customers.rights.collecting import keep_collecting
from humidor_customers.rights.retention import PRIVACY, keep_asking
from humidor_customers.settings import CustomersSettings
from humidor_customers.timeline.partitions import keep_timeline


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Compare customers that changed, end drafts that nobody confirmed, send messages, keep rights."""
    pool = runtime.pool
    work = [keep_comparing(pool), keep_lapsing(pool), keep_asking(pool), keep_privacy(pool, PRIVACY)]
    work += [keep_timeline(pool)]
    if isinstance(settings := runtime.settings, CustomersSettings):
        own = own_way(pool, settings, runtime.wake_relay)
        work += [
            Sender(pool, settings.of_webhooks, own=own).run(),
            keep_collecting(pool, settings.upstream_urls),
        ]
    async with beside(*work):
        yield

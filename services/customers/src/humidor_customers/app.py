"""The service: what it consumes and what its worker keeps doing; its slices are in `routes`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from humidor_common.delivery.sender import Sender
from humidor_common.privacy.keeping import keep_privacy
from humidor_common.runtime import Runtime, beside
from humidor_common.service import Routes, Service
from humidor_customers.duplicates.finding import keep_comparing
from humidor_customers.rights.collecting import keep_collecting
from humidor_customers.rights.consumers import SUBSCRIPTION as RIGHTS
from humidor_customers.rights.retention import PRIVACY, keep_asking
from humidor_customers.settings import CustomersSettings
from humidor_customers.stores.consumers import PROJECTION, SUBSCRIPTION
from humidor_customers.webhooks.consumers import SUBSCRIPTION as WEBHOOKS


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Meanwhile compare customers that changed with the others, send webhooks, and look after rights."""
    pool, settings = runtime.pool, cast("CustomersSettings", runtime.settings)
    work = (
        keep_comparing(pool),
        Sender(pool, settings.of_webhooks).run(),
        keep_collecting(pool, settings.upstream_urls),
        keep_asking(pool),
        keep_privacy(pool, PRIVACY),
    )
    async with beside(*work):
        yield


def _routes() -> Routes:
    from humidor_customers.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="customers",
    title="Humidor Customers",
    package="humidor_customers",
    routes=_routes,
    subscriptions=(SUBSCRIPTION, WEBHOOKS, RIGHTS),
    projections=(PROJECTION,),
    settings=CustomersSettings,
    worker_context=worker_context,
)

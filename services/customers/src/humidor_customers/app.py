"""The service: what it consumes; its slices are in `routes`, what its worker keeps doing in `working`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.runtime import Runtime
from humidor_common.service import Routes, Service
from humidor_customers.answers.consumers import PROJECTION as ANSWERS
from humidor_customers.answers.consumers import SUBSCRIPTION as ANSWERED
from humidor_customers.campaigns.consumers import PROJECTION as EFFECTS
from humidor_customers.campaigns.consumers import SUBSCRIPTION as EVALUATED
from humidor_customers.catalogue.consumers import PROJECTION as CATALOGUE
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.closings.consumers import PROJECTION as CLOSINGS
from humidor_customers.closings.consumers import SUBSCRIPTION as STOCK_CLOSED
from humidor_customers.orders.consumers import SUBSCRIPTION as STOCK_ANSWERS
from humidor_customers.plans.consumers import SUBSCRIPTION as FORECASTED
from humidor_customers.profiles.consumers import SUBSCRIPTION as PROFILES
from humidor_customers.purchases.consumers import PROJECTION as PURCHASES
from humidor_customers.purchases.consumers import SUBSCRIPTION as BOUGHT
from humidor_customers.rights.consumers import SUBSCRIPTION as RIGHTS
from humidor_customers.settings import CustomersSettings
from humidor_customers.stores.consumers import PROJECTION, SUBSCRIPTION
from humidor_customers.stuck.consumers import SUBSCRIPTION as NOT_TAKEN
from humidor_customers.timeline.consumers import PROJECTION as TIMELINE
from humidor_customers.timeline.consumers import SUBSCRIPTION as SALES
from humidor_customers.webhooks.consumers import SUBSCRIPTION as WEBHOOKS


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Work beside the consumers; what it takes (clients of HTTP and SMTP) is imported here alone."""
    from humidor_customers.working import working

    async with working(runtime):
        yield


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Hold connections to the service that calculates plans, and the desk where orders are taken down."""
    from humidor_customers.orders.api import open_desk
    from humidor_customers.plans.figures import open_figures

    settings = runtime.settings
    urls = settings.upstream_urls if isinstance(settings, CustomersSettings) else {}
    async with open_figures(urls.get("inventory")) as figures, open_desk(runtime) as desk:
        runtime.put(figures)
        runtime.put(desk)
        yield


def _routes() -> Routes:
    from humidor_customers.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="customers",
    title="Humidor Customers",
    package="humidor_customers",
    routes=_routes,
    subscriptions=(
        SUBSCRIPTION,
        PRODUCTS,
        STOCK_ANSWERS,
        FORECASTED,
        SALES,
        WEBHOOKS,
        RIGHTS,
        BOUGHT,
        PROFILES,
        STOCK_CLOSED,
        EVALUATED,
        ANSWERED,
        NOT_TAKEN,
    ),
    projections=(PROJECTION, CATALOGUE, TIMELINE, PURCHASES, CLOSINGS, EFFECTS, ANSWERS),
    settings=CustomersSettings,
    api_context=api_context,
    worker_context=worker_context,
    direct_rows=10_000,
)

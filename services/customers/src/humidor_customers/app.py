"""The service: what it consumes and what its worker keeps doing; its slices are in `routes`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.runtime import Runtime, beside
from humidor_common.service import Routes, Service
from humidor_customers.catalogue.consumers import PROJECTION as CATALOGUE
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.duplicates.finding import keep_comparing
from humidor_customers.orders.consumers import SUBSCRIPTION as STOCK_ANSWERS
from humidor_customers.orders.lapsing import keep_lapsing
from humidor_customers.plans.consumers import SUBSCRIPTION as FORECASTED
from humidor_customers.settings import CustomersSettings
from humidor_customers.stores.consumers import PROJECTION, SUBSCRIPTION


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Compare customers that changed with the others, and end orders whose window closed, meanwhile."""
    async with beside(keep_comparing(runtime.pool), keep_lapsing(runtime.pool)):
        yield


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Hold connections to the service that calculates plans."""
    from humidor_customers.plans.figures import open_figures

    settings = runtime.settings
    urls = settings.upstream_urls if isinstance(settings, CustomersSettings) else {}
    async with open_figures(urls.get("inventory")) as figures:
        runtime.put(figures)
        yield


def _routes() -> Routes:
    from humidor_customers.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="customers",
    title="Humidor Customers",
    package="humidor_customers",
    routes=_routes,
    subscriptions=(SUBSCRIPTION, PRODUCTS, STOCK_ANSWERS, FORECASTED),
    projections=(PROJECTION, CATALOGUE),
    settings=CustomersSettings,
    api_context=api_context,
    worker_context=worker_context,
)

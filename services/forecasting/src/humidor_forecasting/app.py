"""The service: what it consumes; its slices are in `routes`, what its worker keeps doing in `working`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from humidor_common.runtime import Runtime
from humidor_common.service import Routes, Service
from humidor_forecasting.catalogue.consumers import PROJECTION as CATALOGUE
from humidor_forecasting.catalogue.consumers import SUBSCRIPTION as MASTER_DATA
from humidor_forecasting.demand.consumers import PROJECTION as DEMAND
from humidor_forecasting.demand.consumers import STOCK_OUT_PROJECTION, STOCK_OUTS
from humidor_forecasting.demand.consumers import SUBSCRIPTION as DEMANDED
from humidor_forecasting.promotions.consumers import PROJECTION as CAMPAIGN_PROJECTION
from humidor_forecasting.promotions.consumers import SUBSCRIPTION as CAMPAIGNS
from humidor_forecasting.settings import ForecastingSettings


@asynccontextmanager
async def worker_context(runtime: Runtime) -> AsyncIterator[None]:
    """Carry runs out beside the consumers."""
    from humidor_forecasting.working import working

    async with working(runtime):
        yield


def _routes() -> Routes:
    from humidor_forecasting.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="forecasting",
    title="Humidor Forecasting",
    package="humidor_forecasting",
    routes=_routes,
    subscriptions=(MASTER_DATA, DEMANDED, STOCK_OUTS, CAMPAIGNS),
    projections=(CATALOGUE, DEMAND, STOCK_OUT_PROJECTION, CAMPAIGN_PROJECTION),
    settings=ForecastingSettings,
    worker_context=worker_context,
)

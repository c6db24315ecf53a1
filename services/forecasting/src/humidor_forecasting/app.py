"""The service: what it consumes; its slices are in `routes`."""

from humidor_common.service import Routes, Service
from humidor_forecasting.catalogue.consumers import PROJECTION as CATALOGUE
from humidor_forecasting.catalogue.consumers import SUBSCRIPTION as MASTER_DATA
from humidor_forecasting.demand.consumers import PROJECTION as DEMAND
from humidor_forecasting.demand.consumers import STOCK_OUT_PROJECTION, STOCK_OUTS
from humidor_forecasting.demand.consumers import SUBSCRIPTION as DEMANDED
from humidor_forecasting.settings import ForecastingSettings


def _routes() -> Routes:
    from humidor_forecasting.routes import ROUTES

    return ROUTES


SERVICE = Service(
    name="forecasting",
    title="Humidor Forecasting",
    package="humidor_forecasting",
    routes=_routes,
    subscriptions=(MASTER_DATA, DEMANDED, STOCK_OUTS),
    projections=(CATALOGUE, DEMAND, STOCK_OUT_PROJECTION),
    settings=ForecastingSettings,
)

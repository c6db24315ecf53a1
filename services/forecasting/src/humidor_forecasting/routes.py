"""The slices, by what each of them answers over HTTP."""

from humidor_common.service import Routes
from humidor_forecasting.challengers import api as challengers
from humidor_forecasting.challengers import importing
from humidor_forecasting.datasets import api as datasets
from humidor_forecasting.demand import api as demand
from humidor_forecasting.elasticity import api as elasticity
from humidor_forecasting.forecasts import api as forecasts
from humidor_forecasting.promotions import api as promotions
from humidor_forecasting.runs import api as runs

ROUTES = Routes(
    (
        demand.router,
        promotions.router,
        runs.router,
        forecasts.router,
        elasticity.router,
        datasets.router,
        challengers.router,
        importing.router,
    )
)

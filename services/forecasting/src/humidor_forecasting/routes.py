"""The slices, by what each of them answers over HTTP."""

from humidor_common.service import Routes
from humidor_forecasting.aggregates import api as aggregates
from humidor_forecasting.challengers import api as challengers
from humidor_forecasting.challengers import importing
from humidor_forecasting.datasets import api as datasets
from humidor_forecasting.decompositions import api as decompositions
from humidor_forecasting.demand import api as demand
from humidor_forecasting.drifts import api as drifts
from humidor_forecasting.elasticity import api as elasticity
from humidor_forecasting.evaluations import api as evaluations
from humidor_forecasting.forecasts import api as forecasts
from humidor_forecasting.introductions import api as introductions
from humidor_forecasting.plots import api as plots
from humidor_forecasting.promotions import api as promotions
from humidor_forecasting.runs import api as runs
from humidor_forecasting.whatifs import api as whatifs

ROUTES = Routes((
    demand.router, promotions.router, runs.router, forecasts.router, elasticity.router, evaluations.router,
    drifts.router, decompositions.router, plots.router, aggregates.router, whatifs.router,
    introductions.router, datasets.router, challengers.router, importing.router,
))  # fmt: skip

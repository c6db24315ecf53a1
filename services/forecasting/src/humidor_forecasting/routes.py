"""The slices, by what each of them answers over HTTP."""

from humidor_common.service import Routes
from humidor_forecasting.demand import api as demand
from humidor_forecasting.elasticity import api as elasticity
from humidor_forecasting.promotions import api as promotions

ROUTES = Routes((demand.router, promotions.router, elasticity.router))

"""The slices, by what each of them answers over HTTP."""

from humidor_common.privacy.web import make_router as make_privacy_router
from humidor_common.service import Routes
from humidor_pos.campaigns import api as campaigns
from humidor_pos.closings import api as closings
from humidor_pos.exceptions import api as exceptions
from humidor_pos.members.holdings import PRIVACY
from humidor_pos.returns import api as returns
from humidor_pos.returns import lookup as returns_lookup
from humidor_pos.sales import api as sales
from humidor_pos.sales import lookup as sales_lookup
from humidor_pos.sellable import api as sellable
from humidor_pos.terminals import api as terminals
from humidor_pos.totals import api as totals
from humidor_pos.voids import api as voids
from humidor_pos.voids import lookup as voids_lookup

ROUTES = Routes(
    (
        sales.router,
        sales_lookup.router,
        returns.router,
        returns_lookup.router,
        voids.router,
        voids_lookup.router,
        closings.router,
        sellable.router,
        campaigns.router,
        exceptions.router,
        terminals.router,
        totals.router,
        make_privacy_router(PRIVACY),
    ),
    fast=sales.FAST_ROUTES,
)

"""Imports of customers over HTTP."""

from humidor_common.imports.api import make_router
from humidor_customers.imports.figures import TIER_FIGURES
from humidor_customers.imports.licences import LICENCE_CHECKS
from humidor_customers.imports.requests import CYCLE_REQUESTS
from humidor_customers.imports.retailers import RETAILERS

router = make_router("customers", (RETAILERS, LICENCE_CHECKS, TIER_FIGURES, CYCLE_REQUESTS))

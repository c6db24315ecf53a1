"""The slices, by what each of them answers over HTTP."""

from humidor_common.delivery.web import make_router as make_delivery_router
from humidor_common.service import Routes
from humidor_inventory.alerts import api as alerts
from humidor_inventory.checks import api as checks
from humidor_inventory.discrepancies import api as discrepancies
from humidor_inventory.displays import api as displays
from humidor_inventory.excursions import api as excursions
from humidor_inventory.forecasts import api as forecasts
from humidor_inventory.freshness import api as freshness
from humidor_inventory.imports import api as imports
from humidor_inventory.kits import api as kits
from humidor_inventory.levels import api as levels
from humidor_inventory.live import api as live
from humidor_inventory.lots import api as lots
from humidor_inventory.movements import api as movements
from humidor_inventory.notifications import api as notifications
from humidor_inventory.orderplans import api as orderplans
from humidor_inventory.planning import api as planning
from humidor_inventory.policies import api as policies
from humidor_inventory.products import api as products
from humidor_inventory.purchasing import api as purchasing
from humidor_inventory.purchasing import expecting_api as expecting
from humidor_inventory.readings import api as readings
from humidor_inventory.receipts import api as receipts
from humidor_inventory.replenishment import api as replenishment
from humidor_inventory.reservations import api as reservations
from humidor_inventory.sales import api as sales
from humidor_inventory.scorecards import api as scorecards
from humidor_inventory.sensors import api as sensors
from humidor_inventory.stock import api as stock
from humidor_inventory.stocktakes import api as stocktakes
from humidor_inventory.stores import api as stores
from humidor_inventory.supplier_portal import access_api as supplier_access
from humidor_inventory.supplier_portal import api as supplier_portal
from humidor_inventory.supplier_returns import api as supplier_returns
from humidor_inventory.suppliers import api as suppliers
from humidor_inventory.supply import api as supply
from humidor_inventory.turnover import api as turnover
from humidor_inventory.zones import api as zones

SLICES = (
    products,
    stores,
    suppliers,
    stock,
    lots,
    live,
    levels,
    policies,
    forecasts,
    replenishment,
    alerts,
    notifications,
    receipts,
    purchasing,
    expecting,
    supplier_returns,
    supplier_access,
    supplier_portal,
    discrepancies,
    scorecards,
    sales,
    checks,
    stocktakes,
    movements,
    reservations,
    freshness,
    turnover,
    imports,
    kits,
    displays,
    zones,
    sensors,
    readings,
    excursions,
    supply,
    planning,
    orderplans,
)

ROUTES = Routes((*(each.router for each in SLICES), make_delivery_router("inventory")))

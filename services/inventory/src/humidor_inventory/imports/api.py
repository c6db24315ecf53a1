"""Imports of inventory's own things over HTTP."""

from humidor_common.imports.api import make_router
from humidor_inventory.imports.catalogue import PRODUCTS, STORES, SUPPLIERS
from humidor_inventory.imports.levels import LEVELS
from humidor_inventory.imports.opening import OPENING_STOCK

router = make_router("inventory", (PRODUCTS, SUPPLIERS, STORES, OPENING_STOCK, LEVELS))

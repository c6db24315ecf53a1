"""What pos knows of products and stores, and the price of a unit."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

import msgspec

from humidor_common.clock import local_date


class Product(msgspec.Struct, frozen=True):
    """A product as its last event told it; `price_per_pack` is in minor units."""

    gtin: str
    name: str
    brand: str
    status: str
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    price_per_pack: int | None
    currency: str | None
    changed_at: datetime
    unit_gtins: Sequence[Mapping[str, str]] = ()


class Store(msgspec.Struct, frozen=True):
    """A store as its last event told it."""

    store_id: str
    time_zone: str
    licence_number: str | None
    status: str


class Price(msgspec.Struct, frozen=True):
    """A price of a store's own."""

    price_per_pack: int
    currency: str
    changed_at: datetime


class Shelf(msgspec.Struct, frozen=True):
    """What a sale in one store is judged against; `units` are GTINs of units, with product and unit."""

    products: Mapping[str, Product]
    prices: Mapping[str, Price]
    store: Store | None
    units: Mapping[str, tuple[str, str]] = MappingProxyType({})

    def time_zone(self, default: str) -> str:
        return self.store.time_zone if self.store else default

    def local_date(self, at: datetime, default_time_zone: str) -> date:
        """Give the date in the store; of one not known yet by the default time zone."""
        return local_date(at, self.time_zone(default_time_zone))

    def find(self, gtin: str, unit: str) -> tuple[Product | None, str]:
        """Find what was scanned, and in which unit: the GTIN of a carton says that it is one."""
        product = self.products.get(gtin)
        if product is None and gtin in self.units:
            gtin, unit = self.units[gtin]
            product = self.products.get(gtin)
        return product, unit


def unit_price(product: Product, unit: str, price_per_pack: int) -> int | None:
    """Price one unit; None for a stick, which has no price of its own."""
    if unit == "pack":
        return price_per_pack
    if unit == "carton":
        return price_per_pack * product.packs_per_carton
    if unit == "case":
        return price_per_pack * product.packs_per_carton * product.cartons_per_case
    return None

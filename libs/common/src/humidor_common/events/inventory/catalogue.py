"""Products and stores as they now are."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from humidor_common.events.base import Event


class UnitGtin(msgspec.Struct, frozen=True, kw_only=True):
    """The item number of its own that a pack, carton or case of a product carries."""

    gtin: str
    unit: Literal["pack", "carton", "case"]


class ProductChanged(Event, frozen=True, kw_only=True):
    """The product as it now is; prices are minor units per pack, `version` rises by one with each change."""

    TYPE: ClassVar[str] = "inventory.product-changed.v1"
    TOPIC: ClassVar[str] = "inventory.product.v1"
    KEY: ClassVar[str] = "gtin"
    SUBJECT: ClassVar[str] = "gtin"
    COMPACTED: ClassVar[bool] = True

    gtin: str
    name: str
    brand: str
    status: Literal["active", "discontinued"]
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    version: int
    changed_at: datetime
    manufacturer: str | None = None
    shelf_life_days: int | None = None
    retail_price_per_pack: int | None = None
    currency: str | None = None
    price_class: str | None = None
    unit_gtins: list[UnitGtin] = msgspec.field(default_factory=list)


class StoreChanged(Event, frozen=True, kw_only=True):
    """The store as it now is."""

    TYPE: ClassVar[str] = "inventory.store-changed.v1"
    TOPIC: ClassVar[str] = "inventory.store.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "store_id"
    COMPACTED: ClassVar[bool] = True

    store_id: str
    name: str
    time_zone: str
    status: Literal["open", "closed"]
    version: int
    changed_at: datetime
    licence_number: str | None = None
    kind: Literal["store", "warehouse"] = "store"

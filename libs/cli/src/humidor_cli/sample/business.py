"""The sample business as it stands in the two tables beside this file."""

import csv
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

SELLING_STORE_ID = "S0001"
SUPPLIER_ID = "W310100"
SUPPLIER_NAME = "上海市烟草专卖局（公司）"
Row = TypeVar("Row")
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Store:
    """A shop; `demand_percent` scales its stock and levels."""

    store_id: str
    name: str
    time_zone: str
    licence_number: str
    demand_percent: int

    def scaled(self, packs: int) -> int:
        return max(10, packs * self.demand_percent // 1000 * 10)


@dataclass(frozen=True)
class Product:
    """A brand of cigarettes: 20 sticks a pack, 10 packs a carton, 50 cartons a case."""

    gtin: str
    name: str
    brand: str
    manufacturer: str
    price_class: str
    retail_price_per_pack_minor: int
    shelf_life_days: int
    reorder_point_packs: int
    order_up_to_packs: int
    opening_packs_older_lot: int
    opening_packs_newer_lot: int


@cache
def stores() -> tuple[Store, ...]:
    return _table("stores.csv", Store)


@cache
def products() -> tuple[Product, ...]:
    # The API keeps fourteen digits; the barcode on the pack has thirteen.
    return tuple(replace(product, gtin=product.gtin.zfill(14)) for product in _table("products.csv", Product))


def selling_product() -> Product:
    return products()[0]


def _table(name: str, row: type[Row]) -> tuple[Row, ...]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return msgspec.convert(tuple(csv.DictReader(file)), tuple[row, ...], strict=False)  # type: ignore[valid-type]

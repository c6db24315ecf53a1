"""The catalogue in memory: products, stores and prices, at most a second behind the database."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from humidor_common.db.pool import Connection, Pool
from humidor_pos.products.rules import Price, Product, Shelf, Store
from humidor_pos.revisions import Directory

MAX_AGE_SECONDS = 1.0
_NO_PRICES: MappingProxyType[str, Price] = MappingProxyType({})

_PRODUCTS = """
SELECT gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case, price_per_pack,
       currency, changed_at, unit_gtins, revision FROM products WHERE revision > $1
"""


class Catalogue(Directory):
    """Answers from memory; use it after `freshen` where its age matters."""

    def __init__(self, pool: Pool, *, max_age_seconds: float = MAX_AGE_SECONDS, **options: Any) -> None:
        super().__init__(pool, max_age_seconds=max_age_seconds, **options)
        self.products: dict[str, Product] = {}
        self.units: dict[str, tuple[str, str]] = {}
        self._stores: dict[str, Store] = {}
        self._prices: dict[str, dict[str, Price]] = {}
        self._shelves: dict[str, Shelf] = {}
        self._products_revision = 0
        self._prices_revisions: dict[str, int] = {}

    def list_revision(self, store_id: str) -> int:
        """Give the number of the last change to what this store may sell; the same in every process."""
        return max(self._products_revision, self._prices_revisions.get(store_id, 0))

    def shelf(self, store_id: str) -> Shelf:
        """Give what sales in this store are judged against."""
        shelf = self._shelves.get(store_id)
        if shelf is None:
            prices = self._prices.get(store_id, _NO_PRICES)
            shelf = self._shelves[store_id] = Shelf(
                self.products, prices, self._stores.get(store_id), self.units
            )
        return shelf

    async def read_changes(self, conn: Connection) -> None:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            revision = await conn.fetchval("SELECT revision FROM revisions WHERE name = 'catalogue'")
            if revision == self.revision:
                return
            products = await conn.fetch(_PRODUCTS, self.revision)
            stores = await conn.fetch(
                "SELECT store_id, time_zone, licence_number, status FROM stores WHERE revision > $1",
                self.revision,
            )
            prices = await conn.fetch(
                "SELECT store_id, gtin, price_per_pack, currency, changed_at, revision FROM prices"
                " WHERE revision > $1 ORDER BY revision",
                self.revision,
            )
        self._take_over(products, prices)
        self._stores.update((row["store_id"], Store(*row.values())) for row in stores)
        self._shelves.clear()
        self.revision = revision

    def _take_over(self, products: Sequence[Any], prices: Sequence[Any]) -> None:
        changed = [Product(*product) for *product, _ in products]
        for gone in [self.products[each.gtin] for each in changed if each.gtin in self.products]:
            for unit in gone.unit_gtins:
                self.units.pop(unit["gtin"], None)
        for product in changed:
            self.products[product.gtin] = product
            self.units.update((each["gtin"], (product.gtin, each["unit"])) for each in product.unit_gtins)
        for *_, revision in products:
            self._products_revision = max(self._products_revision, revision)
        for store_id, gtin, price_per_pack, currency, changed_at, revision in prices:
            own = self._prices.setdefault(store_id, {})
            if price_per_pack is None:
                own.pop(gtin, None)
            else:
                own[gtin] = Price(price_per_pack, currency, changed_at)
            self._prices_revisions[store_id] = revision

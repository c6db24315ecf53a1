from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop

SUPPLIER = {"name": "Harbour Tobacco", "lead_time_days": 3, "currency": "CNY"}


@dataclass
class Supplied:
    """A shop whose product comes from supplier V1 at 180.00 a carton, and the supplier's own system."""

    shop: Shop
    gtin: str
    key: str

    async def order(self, cartons: int = 10, *, expect: int = 201, **changes: Any) -> Any:
        body = {
            "store_id": STORE,
            "supplier_id": "V1",
            "lines": [{"gtin": self.gtin, "quantity": cartons, "unit": "carton"}],
        } | changes
        headers = changes.pop("headers", None)
        body.pop("headers", None)
        return await self.shop.ask("POST", "/v1/purchase-orders", json=body, expect=expect, headers=headers)

    async def act(self, order: Any, action: str, body: Any = None, **more: Any) -> Any:
        path = f"/v1/purchase-orders/{order['purchase_order_id']}:{action}"
        return await self.shop.ask("POST", path, json=body, **more)

    async def portal(self, method: str, path: str, **changes: Any) -> Any:
        headers = {"Authorization": f"Bearer {changes.pop('key', self.key)}"}
        return await self.shop.ask(method, f"/v1/supplier-portal/{path}", headers=headers, **changes)

    async def ship(self, order: Any, number: str, *lines: tuple[int, str], **changes: Any) -> Any:
        """Announce lines of (cartons, lot)."""
        body = {
            "purchase_order_id": order["purchase_order_id"],
            "shipped_at": "2026-11-26T08:00:00+08:00",
            "lines": [
                {"gtin": self.gtin, "quantity": cartons, "unit": "carton", "lot": lot}
                for cartons, lot in lines
            ],
        }
        return await self.portal("PUT", f"shipments/{number}", json=body, **{"expect": 201} | changes)

    async def read(self, order: Any) -> Any:
        return await self.shop.ask("GET", f"/v1/purchase-orders/{order['purchase_order_id']}")

    async def found(self, **params: str) -> Any:
        """Kinds of the discrepancies with expected and actual cartons."""
        items = (await self.shop.ask("GET", "/v1/discrepancies", params=params))["items"]
        return sorted((each["kind"], each["expected"] // 200, each["actual"] // 200) for each in items)


MakeKey = Callable[[str], Awaitable[str]]


@pytest.fixture
def make_key(shop: Shop) -> MakeKey:
    """Make a key of a supplier."""

    async def make(supplier_id: str) -> str:
        made = await shop.ask("POST", f"/v1/suppliers/{supplier_id}/keys", json={"name": "erp"}, expect=201)
        return str(made["key"])

    return make


@pytest.fixture
async def supplied(shop: Shop, gtin: str, make_key: MakeKey) -> Supplied:
    await shop.ask("PUT", "/v1/suppliers/V1", json=SUPPLIER, expect=201)
    await shop.put_product(gtin, supplier_id="V1")
    steps = [
        {"minimum_quantity": 0, "price_minor": 18_000},
        {"minimum_quantity": 50, "price_minor": 17_000},
    ]
    price = {"gtin": gtin, "valid_from": "2026-01-01", "currency": "CNY", "steps": steps}
    await shop.ask("PUT", "/v1/suppliers/V1/prices", json={"prices": [price]})
    return Supplied(shop, gtin, await make_key("V1"))

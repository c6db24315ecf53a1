from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop

WAREHOUSE = "W0001"
Send = Callable[..., Awaitable[Any]]


@pytest.fixture
async def warehouse(shop: Shop, gtin: str) -> str:
    """A warehouse beside the store, with 10 packs that expire first and 20 that expire later."""
    await shop.ask(
        "PUT", f"/v1/stores/{WAREHOUSE}", json={"name": "Central", "kind": "warehouse"}, expect=201
    )
    for lot, packs, made in (("OLD", 10, "2026-08-01"), ("NEW", 20, "2026-10-01")):
        line = {"gtin": gtin, "quantity": packs, "lot": lot, "production_date": made}
        line["expiry_date"] = made.replace("2026", "2098")
        await shop.ask("POST", "/v1/receipts", json={"store_id": WAREHOUSE, "lines": [line]}, expect=201)
    return WAREHOUSE


@pytest.fixture
def send(shop: Shop, gtin: str, warehouse: str) -> Send:
    """Send packs from the warehouse to the store."""

    async def send(packs: int, *, expect: int = 201, lot: str | None = None, **changes: Any) -> Any:
        body = {
            "from_store_id": warehouse,
            "to_store_id": STORE,
            "dispatch": True,
            "lines": [{"gtin": gtin, "quantity": packs, "lot": lot}],
        } | changes
        return await shop.ask("POST", "/v1/transfers", json=body, expect=expect)

    return send

import pytest

from humidor_inventory.testing.planning import Planner
from humidor_inventory.testing.shop import Shop, make_gtin

GTINS = [make_gtin(number) for number in range(1, 5)]


@pytest.fixture
async def planner(shop: Shop) -> Planner:
    """A store, a supplier and four of its products: 20 sticks a pack, 10 packs a carton, 20 yuan a pack."""
    made = Planner(shop)
    await made.supplier()
    for gtin in GTINS:
        await shop.put_product(gtin, supplier_id="CTC")
    price = {
        "valid_from": "2026-01-01",
        "currency": "CNY",
        "unit": "carton",
        "steps": [{"price_minor": 20_000}],
    }
    await made.put("/v1/suppliers/CTC/prices", {"prices": [{"gtin": gtin} | price for gtin in GTINS]})
    return made


@pytest.fixture
def gtins() -> list[str]:
    return GTINS

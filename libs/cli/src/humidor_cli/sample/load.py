"""Puts the sample business into a running system; safe to repeat."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from humidor_cli.sample.api import SampleApi
from humidor_cli.sample.business import (
    SELLING_STORE_ID,
    SUPPLIER_ID,
    SUPPLIER_NAME,
    Product,
    Store,
    products,
    stores,
)
from humidor_cli.sample.climate import watch_climate

PROGRESS_FILE = "sample.json"
_LOT_AGE_DAYS = {"older": 150, "newer": 30}


async def load_sample(api: SampleApi, progress: Callable[[str], None]) -> None:
    """Stores, products, opening stock, levels and a terminal, each through the API that people use."""
    supplier = {"name": SUPPLIER_NAME, "lead_time_days": 3}
    await api.put(f"/inventory/v1/suppliers/{SUPPLIER_ID}", supplier)
    progress("stores")
    for store in stores():
        await api.put(f"/inventory/v1/stores/{store.store_id}", _store(store))
    progress("products")
    await api.post("/inventory/v1/products:batch", {"products": [_product(each) for each in products()]})
    progress("opening stock")
    await _deliver(api)
    # After the stock: a level over empty shelves would raise an alert and suggest an order at once.
    progress("levels")
    levels = [_level(store, product) for store in stores() for product in products()]
    await api.post("/inventory/v1/levels:batch", {"levels": levels})
    progress("terminal")
    await _add_terminal(api)
    progress("sensors")
    await watch_climate(api)


async def _deliver(api: SampleApi) -> None:
    """An older and a newer lot of every product for every store, so that the older one is sold first."""
    done = {"as_of": datetime.now(UTC).date().isoformat(), "deliveries": []} | api.home.read(PROGRESS_FILE)
    api.home.write(PROGRESS_FILE, done)
    for store in stores():
        for lot in _LOT_AGE_DAYS:
            name = f"{store.store_id} {lot}"
            if name in done["deliveries"]:
                continue
            receipt = _receipt(store, lot, date.fromisoformat(done["as_of"]))
            # The same key at every try: a start cut short right here counts the delivery once.
            key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"humidor:sample:{name}"))
            await api.post("/inventory/v1/receipts", receipt, idempotency_key=key)
            done["deliveries"].append(name)
            api.home.write(PROGRESS_FILE, done)


async def _add_terminal(api: SampleApi) -> None:
    name = "secrets/sample-terminal.json"
    if not api.home.read(name):
        made = await api.post("/pos/v1/terminals", {"store_id": SELLING_STORE_ID, "name": "sample till"})
        api.home.write(name, made)


def _store(store: Store) -> dict[str, Any]:
    return {"name": store.name, "time_zone": store.time_zone, "licence_number": store.licence_number}


def _product(product: Product) -> dict[str, Any]:
    return {
        "gtin": product.gtin,
        "name": product.name,
        "brand": product.brand,
        "manufacturer": product.manufacturer,
        "price_class": product.price_class,
        "sticks_per_pack": 20,
        "packs_per_carton": 10,
        "cartons_per_case": 50,
        "shelf_life_days": product.shelf_life_days,
        "retail_price_per_pack": product.retail_price_per_pack_minor,
        "currency": "CNY",
        "supplier_id": SUPPLIER_ID,
    }


def _level(store: Store, product: Product) -> dict[str, Any]:
    return {
        "store_id": store.store_id,
        "gtin": product.gtin,
        "unit": "pack",
        "reorder_point": store.scaled(product.reorder_point_packs),
        "order_up_to": store.scaled(product.order_up_to_packs),
        "order_multiple": 10,
    }


def _receipt(store: Store, lot: str, as_of: date) -> dict[str, Any]:
    produced = as_of - timedelta(days=_LOT_AGE_DAYS[lot])
    lines = [
        {
            "gtin": product.gtin,
            "lot": f"L{produced:%y%m%d}",
            "production_date": produced.isoformat(),
            "expiry_date": (produced + timedelta(days=product.shelf_life_days)).isoformat(),
            "quantity": store.scaled(
                product.opening_packs_older_lot if lot == "older" else product.opening_packs_newer_lot
            ),
            "unit": "pack",
        }
        for product in products()
    ]
    return {"store_id": store.store_id, "kind": "opening", "lines": lines}

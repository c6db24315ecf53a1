"""Puts the sample business into a running system; safe to repeat."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

from humidor_cli.sample.api import SampleApi, SampleError
from humidor_cli.sample.business import (
    SELLING_STORE_ID,
    SUPPLIER_ID,
    SUPPLIER_NAME,
    Product,
    Store,
    products,
    stores,
)

_AT_ONCE = 8


async def load_sample(api: SampleApi, progress: Callable[[str], None]) -> None:
    """Stores, products, levels, opening stock and a terminal, each through the API that people use."""
    await api.put(f"/inventory/v1/suppliers/{SUPPLIER_ID}", {"name": SUPPLIER_NAME, "lead_time_days": 3})
    progress("stores")
    await _all(_put_store(api, store) for store in stores())
    progress("products")
    await _all(_put_product(api, product) for product in products())
    progress("levels")
    await _all(_put_level(api, store, product) for store in stores() for product in products())
    progress("opening stock")
    await _all(_receive(api, store, lot) for store in stores() for lot in ("old", "new"))
    progress("terminal")
    await _add_terminal(api)


async def _all(work: Iterable[Awaitable[object]]) -> None:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Awaitable[object]) -> None:
        async with limit:
            await each

    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(one(each))
    except* SampleError as errors:
        # One refusal says it all; the others were cancelled or refused alike.
        raise SampleError(str(errors.exceptions[0])) from errors


async def _put_store(api: SampleApi, store: Store) -> None:
    await api.put(
        f"/inventory/v1/stores/{store.store_id}",
        {"name": store.name, "time_zone": store.time_zone, "licence_number": store.licence_number},
    )


async def _put_product(api: SampleApi, product: Product) -> None:
    await api.put(
        f"/inventory/v1/products/{product.gtin}",
        {
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
        },
    )


async def _put_level(api: SampleApi, store: Store, product: Product) -> None:
    await api.put(
        f"/inventory/v1/levels/{store.store_id}/{product.gtin}",
        {
            "unit": "pack",
            "reorder_point": store.scaled(product.reorder_point_packs),
            "order_up_to": store.scaled(product.order_up_to_packs),
        },
    )


async def _receive(api: SampleApi, store: Store, lot: str) -> None:
    """One delivery: a store's older or newer lot of every product, so that the older is sold first."""
    age_days = 150 if lot == "old" else 30
    produced = (datetime.now(UTC) - timedelta(days=age_days)).date()
    lines = [
        {
            "gtin": product.gtin,
            "lot": f"L{produced:%y%m%d}",
            "production_date": produced.isoformat(),
            "expiry_date": (produced + timedelta(days=product.shelf_life_days)).isoformat(),
            "quantity": store.scaled(
                product.opening_packs_old_lot if lot == "old" else product.opening_packs_new_lot
            ),
            "unit": "pack",
        }
        for product in products()
    ]
    # The same id at every try, so that a start cut short never counts a delivery twice.
    receipt_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"humidor:sample:{store.store_id}:{lot}"))
    await api.post(
        "/inventory/v1/receipts",
        {"receipt_id": receipt_id, "store_id": store.store_id, "lines": lines},
        idempotency_key=receipt_id,
    )


async def _add_terminal(api: SampleApi) -> None:
    name = "secrets/sample-terminal.json"
    if not api.home.read(name):
        made = await api.post("/pos/v1/terminals", {"store_id": SELLING_STORE_ID, "name": "sample till"})
        api.home.write(name, made)

"""Receipts, levels and two consumers on the same hot products: nobody deadlocks, nothing is lost."""

import asyncio

from humidor_common.events.pos import SaleRecorded
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

PRODUCTS = [make_gtin(number) for number in range(1, 6)]
ROUNDS = 15


async def sell(shop: Shop, store_ids: list[str], offset: int) -> None:
    for i in range(ROUNDS):
        events: list[SaleRecorded] = []
        for k in range(20):
            gtins = [PRODUCTS[(offset * (i + j) + k) % len(PRODUCTS)] for j in range(3)]
            lines = [line(gtin, 1, line=j) for j, gtin in enumerate(gtins)]
            events.append(sale(*lines, store_id=store_ids[k % len(store_ids)]))
        await shop.deliver(*events)


async def stock_up(shop: Shop, store_id: str, order: int) -> None:
    for i in range(ROUNDS):
        lines = [(gtin, 2, f"L{i % 3}") for gtin in PRODUCTS[::order]]
        await shop.receive(*lines, store_id=store_id)


async def set_levels(shop: Shop, store_id: str) -> None:
    for i in range(ROUNDS):
        level = {"reorder_point": i, "order_up_to": 50, "auto_approve": i % 2 == 0}
        levels = [{"store_id": store_id, "gtin": gtin, **level} for gtin in reversed(PRODUCTS)]
        await shop.ask("POST", "/v1/levels:batch", json={"levels": levels})


async def test_concurrent_writers_of_hot_products_neither_deadlock_nor_lose_anything(shop: Shop) -> None:
    other = "S0002"
    await shop.put_store(other)
    for gtin in PRODUCTS:
        await shop.put_product(gtin)
    async with asyncio.TaskGroup() as group:
        group.create_task(sell(shop, [STORE, other], 1))
        group.create_task(sell(shop, [other, STORE], 3))
        group.create_task(stock_up(shop, STORE, 1))
        group.create_task(stock_up(shop, STORE, -1))
        group.create_task(stock_up(shop, other, 1))
        group.create_task(set_levels(shop, STORE))
    total = 0
    for store_id in (STORE, other):
        for gtin in PRODUCTS:
            total += (await shop.stock(gtin, store_id))["on_hand"]
    assert total == 3 * ROUNDS * len(PRODUCTS) * 2 - 2 * ROUNDS * 20 * 3
    await shop.check()

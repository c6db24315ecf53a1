import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import ProductChanged, StoreChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.messaging.rebuild import rebuild
from humidor_common.messaging.subscription import Received
from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import drained, running
from humidor_pos.app import SERVICE
from humidor_pos.products.consumers import PROJECTION, digest, on_catalogue_changed

Make = Callable[..., Any]
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def product(gtin: str, version: int, **changes: Any) -> ProductChanged:
    values: dict[str, Any] = {
        "gtin": gtin, "name": f"v{version}", "brand": "b", "status": "active", "sticks_per_pack": 20,
        "packs_per_carton": 10, "cartons_per_case": 50, "version": version,
        "changed_at": NOW + timedelta(hours=version), "retail_price_per_pack": 2000 + version,
        "currency": "CNY",
    }  # fmt: skip
    return ProductChanged(**(values | changes))


def store(version: int, **changes: Any) -> StoreChanged:
    values: dict[str, Any] = {
        "store_id": "S0001", "name": f"v{version}", "time_zone": "Asia/Shanghai", "status": "open",
        "version": version, "changed_at": NOW, "licence_number": "430701204804",
    }  # fmt: skip
    return StoreChanged(**(values | changes))


def received(event: Any) -> Received:
    return Received(event, uuid7(), "/humidor/inventory", NOW, None)


async def test_the_highest_version_stands_in_whatever_order_they_come(pos: Any) -> None:
    gtins = ["06901028002004", "06901028002011", "06901028002028"]
    events = [product(gtin, version) for gtin in gtins for version in range(1, 6)] + [
        store(v) for v in (2, 3)
    ]
    random.Random(7).shuffle(events)
    for start in range(0, len(events), 4):
        async with transaction(pos.runtime.pool) as conn:
            await on_catalogue_changed(conn, [received(event) for event in events[start : start + 4]])
    rows = await pos.fetch("SELECT name, version FROM products WHERE gtin = ANY($1)", gtins)
    assert [tuple(row) for row in rows] == [("v5", 5)] * 3
    assert await pos.value("SELECT version FROM stores WHERE store_id = 'S0001'") == 3


async def test_a_product_that_comes_after_its_sale_settles_what_was_raised(
    pos: Any, till: Any, a_sale: Make, a_line: Make
) -> None:
    sale = a_sale(lines=1) | {"lines": [a_line(1, gtin="06901028002004")]}
    assert (await till.post("/v1/sales", sale)).json()["exceptions"] == ["unknown_product"]
    async with transaction(pos.runtime.pool) as conn:
        await on_catalogue_changed(conn, [received(product("06901028002004", 1))])
    assert await pos.open_codes(sale["sale_id"]) == []
    assert (await till.post("/v1/sales", sale)).json()["exceptions"] == ["unknown_product"]


async def test_the_projection_built_anew_from_its_topics_is_the_same(
    settings_for: Callable[..., ServiceSettings],
) -> None:
    settings = settings_for(SERVICE)
    async with running(SERVICE, settings, "worker") as worker:
        pool = worker.runtime.pool
        async with transaction(pool) as conn:
            await outbox.append(
                conn, [product("06901028002004", v) for v in (1, 2, 3)] + [store(1), store(2)]
            )
            await outbox.append(conn, [product("06901028002011", 1, retail_price_per_pack=None)])
        worker.runtime.wake_relay()
        await drained(worker)
        async with pool.acquire() as conn:
            before = await digest(conn)
            assert (before["products"], before["stores"]) == (2, 1)
            assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0
        rebuilt = await asyncio.wait_for(rebuild(settings, PROJECTION), 30)
        assert rebuilt.equal, rebuilt
        assert rebuilt.before == before
        assert rebuilt.events_read == 6

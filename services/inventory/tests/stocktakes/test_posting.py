"""Posting under way with sales, twice at once, and cut off in the middle."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.messaging import outbox
from humidor_common.messaging.kafka import make_consumer
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import drained, running
from humidor_inventory.app import SERVICE
from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import Shop, line, make_gtin, sale

OFF = {"packs": None, "percent": None}
PRODUCTS = [make_gtin(number) for number in range(1, 6)]
CUT = """
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$;
CREATE TRIGGER cut AFTER {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION cut();
"""


class Store:
    """What lies on the shelves while several people sell and count."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.physical = {gtin: 200 - 3 * i for i, gtin in enumerate(PRODUCTS)}

    async def sell(self, offset: int) -> None:
        for i in range(20):
            gtins = [PRODUCTS[(offset * (i + j)) % len(PRODUCTS)] for j in range(3)]
            event = sale(*(line(gtin, 1, line=j) for j, gtin in enumerate(gtins)))
            for gtin in gtins:
                self.physical[gtin] -= 1
            await self.counting.shop.deliver(msgspec.structs.replace(event, sold_at=utc_now()))

    async def count(self, by: str) -> None:
        for gtin in PRODUCTS * 3:
            await self.counting.count(gtin, self.physical[gtin], by=by, at=utc_now())

    async def receive(self) -> None:
        """Book receipts of a product that nobody counts: a receipt happens when it is booked."""
        extra = make_gtin(9)
        await self.counting.shop.put_product(extra)
        for i in range(20):
            await self.counting.shop.receive((extra, 1, f"L{i % 3}"))

    async def booked(self) -> dict[str, int]:
        return {gtin: (await self.counting.shop.stock(gtin))["on_hand"] for gtin in PRODUCTS}


async def at_once(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
    return [task.result() for task in tasks]


async def test_counts_sales_and_receipts_at_once_lose_nothing(shop: Shop, counting: Counting) -> None:
    store = Store(counting)
    for gtin in PRODUCTS:
        await shop.put_product(gtin)
        await shop.receive((gtin, 200, "A"))
    await counting.begin(thresholds=OFF)
    counts = [store.count("li"), store.count("wang")]
    await at_once(store.sell(1), store.sell(2), store.sell(3), *counts, store.receive())
    assert [each["variance_sticks"] for each in await counting.lines()] == [0, -60, -120, -180, -240]
    await counting.step("close")
    await counting.step("approve")
    statuses = await at_once(post(counting), post(counting), store.sell(1), store.sell(2))
    assert sorted(statuses[:2]) == [200, 409]
    assert await store.booked() == store.physical
    assert await shop.outbox("inventory.stocktake-completed.v1") == 1
    await shop.check()


async def post(counting: Counting) -> int:
    answer = await counting.shop.client.post(counting.path + ":post", headers=counting.manager)
    return answer.status_code


async def test_one_key_posts_once_and_gets_its_answer_again(shop: Shop, counting: Counting) -> None:
    await approved(shop, counting)
    headers = counting.manager | {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(shop.client.post(counting.path + ":post", headers=headers) for _ in range(3))
    )
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    assert (await shop.stock(PRODUCTS[0]))["on_hand"] == 9


async def approved(shop: Shop, counting: Counting) -> None:
    gtin = PRODUCTS[0]
    await shop.put_product(gtin)
    await shop.receive((gtin, 10, "A"))
    await counting.begin(thresholds=OFF)
    await counting.count(gtin, 9)
    await counting.step("close")
    await counting.step("approve")


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("INSERT", "stock_ledger"),
        ("UPDATE", "lot_stock"),
        ("INSERT", "adjustments"),
        ("UPDATE", "stocktake_lines"),
        ("UPDATE", "stocktakes"),
        ("DELETE", "stocktake_products"),
        ("INSERT", "audit_trail"),
        ("INSERT", "outbox"),
    ],
)
async def test_a_connection_cut_in_any_step_of_posting_leaves_nothing(
    shop: Shop, counting: Counting, event: str, table: str
) -> None:
    await approved(shop, counting)
    pool = shop.runtime.pool
    before = await pool.fetchval("SELECT count(*) FROM stock_ledger")
    await pool.execute(CUT.format(event=event, table=table))
    assert await post(counting) >= 500
    await pool.execute("DROP FUNCTION cut() CASCADE")
    assert (await counting.get())["state"] == "approved"
    assert await pool.fetchval("SELECT count(*) FROM stock_ledger") == before
    assert await pool.fetchval("SELECT count(*) FROM adjustments") == 0
    assert (await shop.stock(PRODUCTS[0]))["on_hand"] == 10
    assert await shop.outbox("inventory.stocktake-completed.v1") == 0
    assert await post(counting) == 200
    assert (await shop.stock(PRODUCTS[0]))["on_hand"] == 9
    assert await shop.outbox("inventory.stocktake-completed.v1") == 1
    await shop.check()


async def test_sales_from_the_topic_are_netted_and_the_completed_stocktake_is_told(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> None:
    settings = settings_for(SERVICE)
    gtin = PRODUCTS[0]
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        shop = Shop(api.runtime, api.client, auth)
        counting = Counting(shop)
        await shop.put_store()
        await shop.put_product(gtin)
        await shop.receive((gtin, 100, "A"))
        await counting.begin(thresholds=OFF)
        before = [msgspec.structs.replace(sale(line(gtin, 1)), sold_at=utc_now()) for _ in range(10)]
        counted_at = utc_now()
        after = [msgspec.structs.replace(sale(line(gtin, 1)), sold_at=utc_now()) for _ in range(5)]
        async with transaction(api.runtime.pool) as conn:
            await outbox.append(conn, [*after, *before])
        api.runtime.wake_relay()
        await counting.count(gtin, 88, at=counted_at)
        await drained(api, worker)
        await counting.finish()
        await drained(api, worker)
        assert (await shop.stock(gtin))["on_hand"] == 100 - 10 - 5 - 2
        consumer = make_consumer(settings, None)
        consumer.subscribe([settings.topic_prefix + "inventory.stocktake.v1"])
        await consumer.start()
        try:
            record = await consumer.getone()
        finally:
            await consumer.stop()
    assert record.key == b"S0001"
    told = msgspec.json.decode(record.value)
    assert told["products"] == [{"gtin": gtin, "book_sticks": 1800, "counted_sticks": 1760}]
    assert (told["net_variance_sticks"], told["lines"], told["accurate_lines"]) == (-40, 1, 0)

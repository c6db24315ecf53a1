"""Nothing lost, nothing twice: members joining and leaving, broken commits, random redelivery."""

import asyncio
import itertools
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from humidor_demo.service import COUNTING, SERVICE
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from humidor_common.db.pool import create_pool
from humidor_common.db.transaction import transaction
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging.consumer import Consumer, Item
from humidor_common.messaging.outbox import append
from humidor_common.messaging.subscription import Received, Subscription
from humidor_common.settings import ServiceSettings
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import Running, drained, running

MakeSale = Callable[..., SaleRecorded]
STORES = [f"S{number:04}" for number in range(12)]


@pytest.fixture
def settings(settings_for: SettingsFor) -> ServiceSettings:
    return settings_for(SERVICE)


async def tell_slowly(
    api: Running, make_sale: MakeSale, events: int, also_while: asyncio.Task[None] | None = None
) -> dict[str, int]:
    """Tell sales a few at a time, at least so many, and on while the task runs; gives what was told."""
    told = dict.fromkeys(STORES, 0)
    for start in itertools.count(step=20):
        if start >= events and (also_while is None or also_while.done()):
            break
        sales = [make_sale(store_id=STORES[n % 12], quantity=n % 5 + 1) for n in range(start, start + 20)]
        async with transaction(api.runtime.pool) as conn:
            await append(conn, sales)
        api.runtime.wake_relay()
        for sale in sales:
            told[sale.store_id] += sale.lines[0].quantity
        await asyncio.sleep(0.01)
    return told


async def join_and_leave(settings: ServiceSettings, api: Running, changes: int) -> None:
    """Members of the consumer group come and go at random, so many times."""
    members: list[tuple[asyncio.Task[None], AsyncExitStack]] = []
    for _ in range(changes):
        if len(members) < 2 or (len(members) < 4 and random.random() < 0.5):
            stack = AsyncExitStack()
            pool = await stack.enter_async_context(await create_pool(settings, name="member"))
            consumer = Consumer(settings, pool, COUNTING, api.runtime.wake_relay)
            members.append((asyncio.create_task(consumer.run()), stack))
        else:
            await leave(*members.pop(random.randrange(len(members))))
        await asyncio.sleep(random.uniform(0.2, 0.6))
    for member in members:
        await leave(*member)


async def leave(task: asyncio.Task[None], stack: AsyncExitStack) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await stack.aclose()


async def counted(process: Running) -> dict[str, int]:
    rows = await process.runtime.pool.fetch("SELECT * FROM counters")
    return {row["store_id"]: row["sold"] for row in rows}


async def test_members_joining_and_leaving_lose_nothing_and_apply_nothing_twice(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings) as api:
        churn = asyncio.create_task(join_and_leave(settings, api, changes=10))
        told = await tell_slowly(api, make_sale, 4000, also_while=churn)
        await churn
        async with running(SERVICE, settings, "worker") as worker:
            await drained(worker)
            assert await counted(worker) == told
            assert await worker.runtime.pool.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_a_database_lost_in_mid_batch_costs_nothing(
    settings: ServiceSettings, make_sale: MakeSale
) -> None:
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        breaking = asyncio.create_task(break_connections(settings))
        told = await tell_slowly(api, make_sale, 2000)
        breaking.cancel()
        await drained(worker, within_seconds=60)
        assert await counted(worker) == told
        assert await worker.runtime.pool.fetchval("SELECT count(*) FROM dead_letters") == 0


async def break_connections(settings: ServiceSettings) -> None:
    conn = await asyncpg.connect(settings.pg_dsn)
    while True:
        await asyncio.sleep(random.uniform(0.05, 0.3))
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND application_name IN ('relay', 'humidor-pos-worker')"
        )


def test_any_schedule_of_redelivery_and_reordering_counts_each_event_once(
    settings_for: SettingsFor, make_sale: MakeSale
) -> None:
    chosen = settings_for(SERVICE, bus=False)
    sales = [make_sale(store_id=STORES[n % 3], quantity=n + 1) for n in range(12)]
    deliveries = st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=20), max_size=8)

    @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(deliveries, st.sets(st.integers(0, 7)))
    def deliver(batches: list[list[int]], failing: set[int]) -> None:
        asyncio.run(check_schedule(chosen, sales, batches, failing))

    deliver()


async def check_schedule(
    settings: ServiceSettings, sales: list[SaleRecorded], batches: list[list[int]], failing: set[int]
) -> None:
    """Apply batches as the consumer does; a failing one rolls back and is delivered again."""
    async with await create_pool(settings, name="property") as pool:
        await pool.execute("TRUNCATE counters, inbox")
        attempts = itertools.count()

        async def apply(conn: Any, batch: Any) -> None:
            await COUNTING.apply(conn, batch)
            if next(attempts) in failing:
                raise ConnectionError("the transaction is lost after its effects were written")

        subscription = Subscription("property", COUNTING.topics, apply)
        consumer = Consumer(settings, pool, subscription, lambda: None)
        consumer.longest_pause_seconds = 0.0
        for batch in batches:
            received = [_received(sales[index]) for index in batch]
            items = [_item(each) for each in received]
            await consumer._apply_items(items)
        rows = await pool.fetch("SELECT store_id, sold FROM counters")
        delivered = {index for batch in batches for index in batch}
        expected: dict[str, int] = {}
        for index in delivered:
            expected[sales[index].store_id] = expected.get(sales[index].store_id, 0) + index + 1
        assert {row["store_id"]: row["sold"] for row in rows} == expected


def _received(sale: SaleRecorded) -> Received:
    return Received(sale, sale.sale_id, "/humidor/pos", sale.recorded_at, None)


def _item(received: Received) -> Any:
    record: Any = None
    return Item(record, {}, received, None)

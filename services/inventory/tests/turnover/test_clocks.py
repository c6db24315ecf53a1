"""Flows and rollups follow the corrected clock of a store, whatever it is corrected before or after."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from humidor_common.clock import local_date, utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.messaging.subscription import Received
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.rollups import clocks
from humidor_inventory.rollups.adding import ROLLUPS
from humidor_inventory.rollups.rolling import roll_up
from humidor_inventory.sales.consumers import on_sale_events, on_sale_events_again
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.testing.shop import (
    NOON,
    STORE,
    Shop,
    at,
    line,
    make_gtin,
    received,
    returned,
    sale,
    voided,
)

GTINS = [make_gtin(n) for n in (1, 2, 3)]
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # never on the same date
ZONES = [EAST, WEST, "Asia/Shanghai", "Europe/London"]
LATER = max(NOON, utc_now()) + timedelta(days=3)


async def books(shop: Shop) -> dict[str, list[Any]]:
    """Give the flows and everything that is made of them, but for rows that say nothing."""
    found = {}
    for table in ("daily_flows", *ROLLUPS):
        rows = await shop.runtime.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608 - our own
        figures = [tuple(row.values()) for row in rows]
        found[table] = sorted(
            (each for each in figures if any(isinstance(one, int) and one for one in each)), key=repr
        )
    return found


async def packs(shop: Shop, figure: str) -> dict[date, int]:
    """Give packs by day, where there are any."""
    rows = await shop.runtime.pool.fetch(
        f"SELECT day, sum({figure}_sticks) / 20 FROM daily_flows GROUP BY 1 ORDER BY 1"  # noqa: S608 - our own
    )
    return {row[0]: int(row[1]) for row in rows if row[1]}


async def rebuild(shop: Shop, topic: Sequence[Received]) -> tuple[Any, Any]:
    async with transaction(shop.runtime.pool) as conn:
        assert PROJECTION.settle is not None
        await PROJECTION.settle(conn)
        before = await PROJECTION.digest(conn)
        await PROJECTION.clear(conn)
        await on_sale_events_again(conn, topic)
        assert PROJECTION.finish is not None
        assert await PROJECTION.finish(conn) == 0
        return before, await PROJECTION.digest(conn)


async def test_sales_and_movements_go_to_the_days_of_the_corrected_clock(shop: Shop) -> None:
    gtin = GTINS[0]
    await shop.put_product(gtin, currency="CNY", cost_price_per_pack=2000, cost_valid_from="2026-01-01")
    evening = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # the 21st in Shanghai
    first, second = at(sale(line(gtin, 2)), evening), at(sale(line(gtin, 5)), evening + timedelta(hours=8))
    await shop.put_store(time_zone=EAST)
    await shop.receive((gtin, 9, "A"))
    await shop.deliver(first, second, at(sale(line(gtin, 3)), evening))
    await roll_up(shop.runtime.pool, now=LATER)
    assert await packs(shop, "sold") == {date(2026, 11, 21): 10}
    await shop.put_store(time_zone="Europe/London")
    await shop.deliver(at(voided(first.sale_id), NOON), at(sale(line(gtin, 1)), evening))
    await shop.check()
    await roll_up(shop.runtime.pool, now=LATER)
    assert await packs(shop, "sold") == {date(2026, 11, 20): 4, date(2026, 11, 21): 5}
    recorded = await shop.runtime.pool.fetchval(
        "SELECT recorded_at FROM stock_ledger WHERE reason = 'receipt'"
    )
    assert await packs(shop, "received") == {local_date(recorded, "Europe/London"): 9}
    for table in ROLLUPS:
        total = await shop.runtime.pool.fetchval(f"SELECT sum(sold_sticks) FROM {table}")  # noqa: S608
        assert total == 180, table
    await shop.check()


@pytest.fixture
def topic() -> list[Received]:
    """All that was told so far; examples share the database."""
    return []


def history(random: Random, unknown: str) -> list[Event]:
    """Sales with returns and voids, in any order, and some of a product that is registered later."""
    events: list[Event] = []
    for _ in range(random.randint(3, 8)):
        when = NOON - timedelta(hours=random.randint(0, 900))
        gtins = random.sample(GTINS, random.randint(1, 2))
        if random.random() < 0.3:
            events.append(at(sale(line(unknown, 2), line(gtins[0], 1, line=2)), when))
        lines = [line(gtin, random.randint(1, 8), line=n) for n, gtin in enumerate(gtins)]
        sold = at(sale(*lines), when)
        events.append(sold)
        if random.random() < 0.5:
            back = returned(sold.sale_id, line(gtins[0], 1), restock=random.random() < 0.5)
            events.append(at(back, when + timedelta(hours=random.randint(1, 50))))
        if random.random() < 0.4:
            events.append(at(voided(sold.sale_id), when + timedelta(hours=random.randint(1, 50))))
    random.shuffle(events)
    return events


@settings(
    max_examples=5,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
async def test_any_order_comes_to_what_a_rebuild_comes_to(
    shop: Shop, topic: list[Received], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, unknown = Random(seed), make_gtin(100 + len(topic))
    for name in ("PRODUCTS_AT_ONCE", "SALES_AT_ONCE"):
        monkeypatch.setattr(clocks, name, random.randint(1, 4))
    priced = {"currency": "CNY", "cost_price_per_pack": 2000, "cost_valid_from": "2026-11-01"}
    for gtin in GTINS:
        await shop.put_product(gtin, **priced)
    batches = [[received(event)] for event in history(random, unknown)]
    for part in range(1, len(batches)):
        if random.random() < 0.5:
            batches[part] = [*batches[part - 1][-1:], *batches[part]]  # delivered twice
    deeds: list[Callable[[], Awaitable[Any]]] = [partial(shop.deliver_again, batch) for batch in batches]
    others = [
        partial(shop.put_product, unknown, **priced),
        *(partial(shop.put_store, time_zone=random.choice(ZONES)) for _ in range(3)),
        *(partial(shop.receive, (random.choice(GTINS), 9, "A")) for _ in range(2)),
        *(partial(go_on, shop) for _ in range(2)),
        partial(roll_up, shop.runtime.pool, now=LATER),
    ]
    for other in others:
        deeds.insert(random.randint(0, len(deeds)), other)
    for deed in deeds:
        await deed()
        if deed in others:
            await shop.check()
    topic += [each for batch in batches for each in batch[-1:]]
    zone = ZONES[random.randint(0, 1)]
    await shop.put_store(time_zone=ZONES[2])
    await shop.put_store(time_zone=zone)
    await roll_up(shop.runtime.pool, now=LATER)
    await on_the_days_of(shop, zone)
    followed = await books(shop)
    before, after = await rebuild(shop, topic)
    assert after == before
    await roll_up(shop.runtime.pool, now=LATER)
    assert await books(shop) == followed


async def go_on(shop: Shop) -> None:
    """Follow corrected clocks by one step, as if the worker had ended then."""
    async with transaction(shop.runtime.pool) as conn:
        await lock_stores(conn, [STORE])
        await clocks._follow(conn, STORE)


async def on_the_days_of(shop: Shop, zone: str) -> None:
    rows = await shop.runtime.pool.fetch(
        "SELECT day, occurred_at FROM sale_documents WHERE kind <> 'void'"
        " UNION ALL SELECT coalesce(c.day, e.day), recorded_at"
        " FROM stock_ledger e LEFT JOIN entry_days c USING (store_id, entry_id) WHERE reason = 'receipt'"
    )
    assert [row[0] for row in rows] == [local_date(row[1], zone) for row in rows]


async def test_a_correction_that_is_one_no_more_is_noted_once_and_others_not_at_all(shop: Shop) -> None:
    noted = "SELECT store_id FROM clock_corrections"
    await roll_up(shop.runtime.pool, now=LATER)
    await shop.ask("PUT", f"/v1/stores/{STORE}", json={"name": "West", "time_zone": "Asia/Shanghai"})
    assert await shop.runtime.pool.fetch(noted) == []
    await shop.put_store(time_zone=EAST)
    await shop.put_store(time_zone=WEST)
    assert [row[0] for row in await shop.runtime.pool.fetch(noted)] == [STORE]
    await roll_up(shop.runtime.pool, now=LATER)
    assert await shop.runtime.pool.fetch(noted) == []


async def test_a_line_that_waited_for_its_product_is_counted_with_its_sale(shop: Shop) -> None:
    await shop.put_product(GTINS[0])
    evening = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    await shop.deliver(at(sale(line(GTINS[0], 2), line(GTINS[1], 1, line=2)), evening))
    await shop.put_store(time_zone="Europe/London")
    await shop.put_product(GTINS[1])
    assert await packs(shop, "sold") == {date(2026, 11, 21): 3}
    await shop.check()
    await roll_up(shop.runtime.pool, now=LATER)
    assert await packs(shop, "sold") == {date(2026, 11, 20): 3}
    await shop.check()


async def test_a_batch_by_the_former_clock_is_waited_for(shop: Shop) -> None:
    await shop.put_product(GTINS[0])
    evening = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    async with transaction(shop.runtime.pool) as conn:
        await on_sale_events(conn, [received(at(sale(line(GTINS[0], 2)), evening))])
        await shop.put_store(time_zone="Europe/London")
        rolling = asyncio.create_task(roll_up(shop.runtime.pool, now=LATER))
        await asyncio.sleep(0.1)
    await rolling
    assert await packs(shop, "sold") == {date(2026, 11, 20): 2}


FILL = """
INSERT INTO stock (store_id, gtin) SELECT 'S' || s, lpad(g::text, 14, '0')
FROM generate_series(1, 50) s, generate_series(1, 50) g;
INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason, explanation,
                          source_id, line, occurred_at, day)
SELECT store_id, gtin, now(), '', 'on_hand', 10, 'receipt', 'received', gen_random_uuid(), 1, now(),
       now()::date
FROM stock, generate_series(1, 8);
INSERT INTO sale_documents SELECT store_id, gen_random_uuid(), gen_random_uuid(), 'sale', true, now(), now(),
                                  NULL, '[]', now()::date FROM stock, generate_series(1, 8);
"""


async def test_what_a_store_moved_is_found_by_its_index(shop: Shop) -> None:
    await shop.runtime.pool.execute(FILL)
    await shop.runtime.pool.execute("ANALYZE")
    some, all_of_it = (UUID(int=1 << 120), UUID(int=1 << 121)), (UUID(int=0), UUID(int=2**128 - 1))
    asked: list[tuple[str, tuple[Any, ...]]] = [
        (clocks.LAST_GTIN, ("", 20)),
        (clocks.MOVE_ENTRIES, ("", "00000000000020")),
        (clocks.LAST_THREAD, (UUID(int=0), 20)),
        *((clocks.MOVE_SALES, portion) for portion in (some, all_of_it)),
    ]
    for sql, values in asked:
        rows = await shop.runtime.pool.fetch(f"EXPLAIN {sql}", "S7", *values)
        plan = "\n".join(row[0] for row in rows)
        for table in ("stock", "sale_documents", f"stock_ledger_{utc_now():%Y_%m}"):
            assert f"Seq Scan on {table} " not in plan, plan

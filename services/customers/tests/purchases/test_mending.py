"""Purchases when what is known of products and stores is corrected: as if that had always been known."""

import asyncio
import random
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.inventory import ProductChanged, StoreChanged, UnitGtin
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.market.folding import TABLES
from humidor_customers.market.summing import sum_up
from humidor_customers.purchases import mending, service
from humidor_customers.purchases.consumers import PROJECTION, SUBSCRIPTION, clear, digest
from humidor_customers.stores.consumers import SUBSCRIPTION as STORES
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.explaining import Explaining
from humidor_customers.testing.ordering import gtin, product, tell
from humidor_customers.testing.till import buy, line, morning, profile_all, returned, sale

Unit: TypeAlias = Literal["pack", "carton", "case"]

EMPTIED = (
    *("purchase_documents", "purchase_returns", "purchase_voids", "purchase_recounts", "purchase_unknowns"),
    *("purchase_days_changed", "purchase_parties_changed", "purchase_parties_told", "profiles"),
    *("profile_details", "market_store_places", "product_units", "products", "stores", *TABLES),
)
LISTED = {"retail_price_per_pack": 2500, "currency": "CNY"}


def packed(version: int, sticks: int, packs: int, **units: Unit) -> ProductChanged:
    """Make product 1 as it was told in a version, with numbers such as n77 of its units."""
    numbers = [UnitGtin(gtin=gtin(int(n[1:])), unit=unit) for n, unit in units.items()]
    factors = {"sticks_per_pack": sticks, "packs_per_carton": packs}
    return product(1, version=version, unit_gtins=numbers, **factors, **LISTED)


CORRECTED = [packed(1, 20, 10), packed(2, 16, 10, n77="carton", n78="carton"), packed(3, 25, 8, n78="case")]
MASTER = [*CORRECTED, product(2), store("S0001"), store("S0001", version=2, time_zone="America/New_York")]
SALES = [
    sale(1, "M1", line(1, 2), line(77, 1, "carton", 30_000, 2)),
    sale(11, "M1", line(1, 30, "stick", 130), at=morning() - timedelta(days=40)),
    sale(21, "M2", line(2, 3), line(1, 1, "case", 900_000, 2), line(78, 2, "pack", 30_000, 3)),
    sale(31, None, line(78, 1, "pack", 30_000), at=morning() - timedelta(days=400)),
    sale(41, "M3", line(2), store_id="S0002"),
    returned(1),
]


async def empty(desk: Desk) -> None:
    await desk.runtime.pool.execute("; ".join(f"DELETE FROM {table}" for table in EMPTIED))  # noqa: S608


async def learn(desk: Desk, facts: Sequence[Event]) -> None:
    """Give facts to their consumers, neighbours of a kind as one batch."""
    while facts:
        kind = type(facts[0])
        alike = [each for each in facts if isinstance(each, kind)][: 1 + len(facts) % 3]
        consumer = {ProductChanged: PRODUCTS, StoreChanged: STORES}.get(kind, SUBSCRIPTION)
        await tell(desk, consumer, *alike)
        facts = [each for each in facts if each not in alike]


async def settled(desk: Desk) -> dict[str, Any]:
    """Bring everything to an end, and give what there is then of purchases, the market and profiles."""
    pool = desk.runtime.pool
    await service.tidy(pool)
    while await sum_up(pool):
        pass
    await profile_all(desk)
    found: dict[str, Any] = {}
    async with transaction(pool) as conn:
        found["purchases"] = await digest(conn)
        for table in TABLES:
            sums = await conn.fetch(
                f"""SELECT to_jsonb(t)->>'{table.split("_")[1][:-1]}' AS period, currency, gtin,
                           x.sticks, x.net_minor, x.sales, x.left_out, t.all_sticks
                    FROM {table} t, market_unpack(t.products, t.sticks, t.net_minor, t.sales, t.left_out) x
                    JOIN market_products USING (product_id) ORDER BY 1, 3, 4, 5, 6"""  # noqa: S608 - ours
            )
            found[table] = [tuple(row) for row in sums]
        for table, key in (("profiles", "computed_at"), ("profile_details", "")):
            rows = await conn.fetch(f"SELECT to_jsonb(t) - '{key}' FROM {table} t ORDER BY 1")  # noqa: S608
            found[table] = [row[0] for row in rows]
    return found


async def test_corrections_come_to_the_same_whatever_they_come_before_or_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await empty(desk)
    await learn(desk, [CORRECTED[-1], MASTER[3], MASTER[-1], *SALES])
    expected = await settled(desk)
    assert expected["purchases"]["lines"] == 9
    for seed in range(10):
        chance = random.Random(seed)
        monkeypatch.setattr(mending, "LOOKED_THROUGH", 1 + seed % 3)
        facts = chance.sample([*MASTER, *SALES], len(MASTER) + len(SALES))
        first, second = sorted(chance.sample(range(len(facts)), 2))
        await empty(desk)
        for part in (facts[:first], facts[first:second], facts[second:]):
            await learn(desk, part)
            if chance.random() < 0.7:
                await settled(desk)
        assert await settled(desk) == expected, seed


async def recounts(desk: Desk) -> list[str]:
    return [row[0] for row in await desk.runtime.pool.fetch("SELECT id FROM purchase_recounts ORDER BY 1")]


async def test_what_changes_no_packaging_and_no_clock_looks_through_nothing(desk: Desk) -> None:
    await learn(desk, [CORRECTED[1], product(2), store("S0001")])
    await learn(desk, [packed(3, 16, 10, n77="carton", n78="carton", n79="case"), CORRECTED[0]])
    await learn(desk, [product(2, version=2, name="Reef", brand="Reef"), store("S0001", version=2)])
    assert await recounts(desk) == []
    await learn(desk, [packed(4, 16, 10, n77="case", n79="case"), store("S0001", version=3, time_zone="UTC")])
    assert await recounts(desk) == [gtin(77), gtin(78), "S0001"]
    await service.tidy(desk.runtime.pool)
    assert await recounts(desk) == []


async def test_a_batch_that_counts_by_the_former_packaging_is_waited_for(desk: Desk) -> None:
    pool = desk.runtime.pool
    await learn(desk, [CORRECTED[0]])
    async with transaction(pool) as conn:
        await service.take(conn, [sale(1)])
        await learn(desk, [CORRECTED[1]])
        tidying = asyncio.create_task(service.tidy(pool))
        await desk.until_blocked()
    await tidying
    assert await pool.fetchval("SELECT sticks FROM purchases") == 32


async def test_a_rebuild_compares_purchases_as_they_are_counted_in_the_end(desk: Desk) -> None:
    await learn(desk, [CORRECTED[0], *SALES[:3], CORRECTED[1]])
    settle = PROJECTION.settle
    assert settle is not None
    async with transaction(desk.runtime.pool) as conn:
        await settle(conn)
        before = await digest(conn)
        await clear(conn)
        await service.take(conn, SALES[:3])
        await settle(conn)
        assert await digest(conn) == before
    assert await recounts(desk) == []


async def test_what_was_corrected_is_looked_for_day_by_day(desk: Desk) -> None:
    now = datetime.now(UTC)
    await buy(desk, *(sale(n, f"M{n % 50}", at=now - timedelta(days=n % 90)) for n in range(1, 600)))
    await desk.runtime.pool.execute("ANALYZE purchase_documents")
    begin, end = (date(2026, 11, 1), ""), (date(2026, 11, 3), "S0001")
    for statement, values in ((mending.LAST, (*begin, 20)), (mending.RECOUNT, (*begin, *end, [], [gtin(1)]))):
        async with transaction(desk.runtime.pool) as conn:
            await conn.execute("; ".join(f"SET LOCAL {name} = off" for name in mending.TO_LOOK_UP))
            explaining = Explaining(conn)
            await explaining.fetch(statement, *values)
        assert "Seq Scan on purchase_documents" not in explaining.plan
        assert re.search(r"Index Cond: .+ROW.local_day, store_id. > ROW", explaining.plan), explaining.plan

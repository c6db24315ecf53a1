"""The rollups are the daily flows added up, whatever comes late and whatever is changed in the catalogue."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.rollups import clocks, restating, rolling
from humidor_inventory.rollups.adding import ROLLUPS
from humidor_inventory.rollups.rolling import roll_up
from humidor_inventory.testing.shop import NOON, Shop, at, line, make_gtin, sale, voided

_SUMS = """
SELECT sum(sold_sticks), sum(returned_sticks), sum(received_sticks), sum(adjusted_sticks), sum(revenue_minor),
       sum(cost_e4), sum(costed_revenue_minor), sum(value_e4), sum(out_days), sum(carried_days) FROM {}
"""


async def sums(shop: Shop, table: str, where: str = "true") -> tuple[Any, ...]:
    row = await shop.runtime.pool.fetchrow(_SUMS.format(table) + f" WHERE {where}")
    assert row is not None
    return tuple(int(each or 0) for each in row)


async def contents(shop: Shop, *left_out: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is in the rollups, but for rows that say nothing."""
    found = {}
    for table in ROLLUPS:
        rows = await shop.runtime.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608 - our own
        kept = [{name: each for name, each in row.items() if name not in left_out} for row in rows]
        found[table] = sorted(
            (
                tuple(row.values())
                for row in kept
                if any(isinstance(each, int) and each for each in row.values())
            ),
            key=repr,
        )
    return found


async def roll_up_anew(shop: Shop, now: datetime) -> None:
    async with transaction(shop.runtime.pool) as conn:
        for table in ("flow_corrections", "closed_days", "rolled_costs", "rolled_products", *ROLLUPS):
            await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - our own
    await roll_up(shop.runtime.pool, now=now)


async def test_closed_days_are_in_every_rollup_and_today_in_none(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.put_product(gtin, currency="CNY", cost_price_per_pack=2000, cost_valid_from="2026-01-01")
    first = NOON - timedelta(days=40)
    await shop.deliver(*(at(sale(line(gtin, 2)), first + timedelta(days=n)) for n in range(0, 41, 10)))
    await roll_up(shop.runtime.pool, now=NOON)
    # Four sales of two packs for 50 yuan that cost 40; without stock, so 160 sticks less than none are owned.
    for table in ROLLUPS:
        found = await sums(shop, table)
        assert found[:8] == (160, 0, 0, 0, 20000, 16000 * 10**4, 20000, -16000 * 10**4), table
    assert await shop.runtime.pool.fetchval("SELECT through FROM closed_days") == NOON.date() - timedelta(1)
    row = await shop.runtime.pool.fetchrow("SELECT * FROM monthly_flows ORDER BY month LIMIT 1")
    assert row is not None
    assert (row["month"], row["first_day"]) == (date(2026, 10, 1), first.date())
    # 40 sticks left on 14 October, 40 on the 24th: 18 and 8 closing balances are less by them.
    assert row["stick_days"] == -(40 * 18 + 40 * 8)
    before = await contents(shop)
    await roll_up(shop.runtime.pool, now=NOON)
    assert await contents(shop) == before


async def test_what_comes_late_for_a_closed_day_is_added_to_it(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.put_product(gtin, currency="CNY", cost_price_per_pack=2000, cost_valid_from="2026-01-01")
    day = NOON - timedelta(days=5)
    sold = at(sale(line(gtin, 2)), day)
    await shop.deliver(sold)
    await roll_up(shop.runtime.pool, now=NOON)
    await shop.deliver(at(sale(line(gtin, 1)), day - timedelta(days=60)), voided(sold.sale_id))
    assert await shop.runtime.pool.fetchval("SELECT count(*) FROM flow_corrections") == 2
    await roll_up(shop.runtime.pool, now=NOON)
    assert await shop.runtime.pool.fetchval("SELECT count(*) FROM flow_corrections") == 0
    assert [(await sums(shop, table))[0] for table in ROLLUPS] == [20] * len(ROLLUPS)
    # What was out of stock stays as it was seen when the day closed.
    service = ("out_days", "carried_days", "out_bits", "carried_bits", "carried_skus")
    rolled = await contents(shop, *service)
    await roll_up_anew(shop, NOON)
    assert await contents(shop, *service) == rolled


async def test_what_comes_late_of_a_new_product_waits_until_the_rollups_know_it(shop: Shop) -> None:
    gtin, other = make_gtin(1), make_gtin(2)
    await shop.put_product(gtin)
    await shop.deliver(at(sale(line(gtin, 2), line(other, 3, line=2)), NOON - timedelta(days=5)))
    await roll_up(shop.runtime.pool, now=NOON)
    await shop.put_product(other)
    await roll_up(shop.runtime.pool, now=NOON)
    assert [(await sums(shop, table))[0] for table in ROLLUPS] == [100] * len(ROLLUPS)


async def test_a_product_that_comes_while_days_are_closed_is_in_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gtin = make_gtin(1)
    await shop.deliver(at(sale(line(gtin, 2)), NOON - timedelta(days=5)))
    follow = clocks.follow_clocks

    async def register(conn: Connection) -> None:
        await follow(conn)
        await shop.put_product(gtin)

    monkeypatch.setattr(rolling, "follow_clocks", register)
    await roll_up(shop.runtime.pool, now=NOON)
    assert [(await sums(shop, table))[0] for table in ROLLUPS] == [40] * len(ROLLUPS)


async def test_a_change_of_the_catalogue_is_carried_into_the_past(shop: Shop) -> None:
    gtin, other = make_gtin(1), make_gtin(2)
    await shop.put_product(gtin, price_class="1")
    await shop.put_product(other)
    await shop.receive((gtin, 10, "A"), (other, 3, "A"))
    await shop.deliver(
        *(at(sale(line(gtin, 2), line(other, 1, line=2)), NOON - timedelta(days=n)) for n in (3, 40))
    )
    await roll_up(shop.runtime.pool, now=NOON)
    assert (await sums(shop, "segment_flows", "price_class = '1'"))[0] == 80
    await shop.put_product(gtin, brand="Lighthouse", price_class="2")
    await roll_up(shop.runtime.pool, now=NOON)
    assert (await sums(shop, "segment_flows", "price_class = '1'"))[0] == 0
    assert (await sums(shop, "segment_flows", "brand = 'Lighthouse'"))[0] == 80
    cost = {"cost_price_per_pack": 1000, "cost_valid_from": "2026-11-01", "currency": "CNY"}
    await shop.put_product(gtin, brand="Lighthouse", price_class="2", **cost)
    await roll_up(shop.runtime.pool, now=NOON)
    # Only what was sold since the cost is known has one; what had been sold without stock is revalued.
    assert (await sums(shop, "store_days", "currency = 'CNY'"))[:8] == (
        80,
        0,
        0,
        0,
        10000,
        2000 * 10**4,
        5000,
        -4000 * 10**4,
    )
    rolled = await contents(shop)
    await roll_up_anew(shop, NOON)
    assert await contents(shop) == rolled
    await shop.put_product(gtin, brand="Lighthouse", price_class="2", **cost | {"cost_price_per_pack": 1100})
    assert (await shop.ask("GET", f"/v1/products/{gtin}"))["cost_price_per_pack"] == 1100


async def test_out_of_stock_days_are_counted_while_a_product_is_carried(shop: Shop, gtin: str) -> None:
    started = NOON - timedelta(days=50)
    pool = shop.runtime.pool
    await shop.receive((gtin, 5, "A"))
    await pool.execute("UPDATE daily_flows SET day = $1", started.date())  # the receipt was 50 days ago
    await shop.deliver(at(sale(line(gtin, 5)), started + timedelta(days=10)))
    await roll_up(pool, now=NOON)
    # On the shelf for 10 days; then nothing left on the day of the last sale and the 27 after it.
    assert (await sums(shop, "product_days"))[8:] == (28, 38)


async def test_a_rebuild_opens_the_days_again_and_comes_to_the_same(shop: Shop, gtin: str) -> None:
    await shop.deliver(at(sale(line(gtin, 2)), NOON - timedelta(days=3)))
    await roll_up(shop.runtime.pool, now=NOON)
    rolled = await contents(shop)
    async with transaction(shop.runtime.pool) as conn:
        await PROJECTION.clear(conn)
        assert PROJECTION.finish is not None
        await conn.execute("DELETE FROM recorded_entries")
        await PROJECTION.finish(conn)
    assert await contents(shop) == {table: [] for table in ROLLUPS}
    await roll_up(shop.runtime.pool, now=NOON)
    assert [row[0] for row in (await contents(shop))["store_days"]] == [
        row[0] for row in rolled["store_days"]
    ]


async def test_a_product_is_never_in_the_rollups_without_its_cost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports take the cost of every product that is there from there, also between two transactions."""
    product = {"name": "x", "brand": "y", "currency": "CNY", "cost_price_per_pack": 2000}
    await shop.ask("PUT", f"/v1/products/{make_gtin(9)}", json=product, expect=201)

    async def look_between(_conn: Connection, gtin: str, *, deep: bool) -> None:
        raise AssertionError(f"{gtin} was there without its cost ({deep=})")

    monkeypatch.setattr(restating, "_restate", look_between)
    async with shop.runtime.pool.acquire() as conn:
        await restating.follow_catalogue(conn)
    cost = "SELECT unit_cost_e4 FROM rolled_costs WHERE gtin = $1"
    assert await shop.runtime.pool.fetchval(cost, make_gtin(9)) == 100 * 10_000

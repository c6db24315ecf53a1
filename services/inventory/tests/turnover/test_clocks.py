"""Flows and rollups follow the corrected clock of a store, whatever it is corrected before or after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.clock import local_date, utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.messaging.subscription import Received
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.rollups.adding import ROLLUPS
from humidor_inventory.rollups.rolling import roll_up
from humidor_inventory.sales.consumers import on_sale_events_again
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
    assert await packs(shop, "received") == {local_date(utc_now(), "Europe/London"): 9}
    for table in ROLLUPS:
        total = await shop.runtime.pool.fetchval(f"SELECT sum(sold_sticks) FROM {table}")  # noqa: S608
        assert total == 180, table
    await shop.check()

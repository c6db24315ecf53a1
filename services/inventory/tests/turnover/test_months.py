"""What stores had when a month was over is told once it is closed, and again where something comes late."""

from datetime import date, timedelta
from typing import Any

import msgspec

from humidor_common.events.inventory import StockClosed
from humidor_inventory.rollups.months import months_ended
from humidor_inventory.rollups.rolling import roll_up
from humidor_inventory.testing.shop import NOON, STORE, Shop, at, line, make_gtin, sale


async def told(shop: Shop) -> list[tuple[Any, ...]]:
    """Give month and products of each event so far."""
    rows = await shop.runtime.pool.fetch(
        "SELECT payload FROM outbox WHERE type = $1 ORDER BY id", StockClosed.TYPE
    )
    events = [msgspec.json.decode(row["payload"], type=StockClosed) for row in rows]
    assert {event.closing_id for event in events} <= {f"{STORE}/{event.month:%Y-%m}" for event in events}
    return [(event.month, {each.gtin: each.owned_sticks for each in event.products}) for event in events]


async def test_each_month_is_told_once_and_anew_from_the_month_that_something_came_late_for(
    shop: Shop,
) -> None:
    one, two = make_gtin(1), make_gtin(2)
    for gtin in (one, two):
        await shop.put_product(gtin)
    first = NOON.replace(month=9, day=20)
    await shop.deliver(at(sale(line(one, 2)), first), at(sale(line(two, 1)), first + timedelta(days=20)))
    await roll_up(shop.runtime.pool, now=NOON)
    september, october = date(2026, 9, 1), date(2026, 10, 1)
    before = [(september, {one: -40}), (october, {one: -40, two: -20})]
    assert await told(shop) == before
    await roll_up(shop.runtime.pool, now=NOON)
    assert await told(shop) == before
    await shop.deliver(at(sale(line(one, 1)), first + timedelta(days=15)))
    await roll_up(shop.runtime.pool, now=NOON)
    assert await told(shop) == [*before, (october, {one: -60, two: -20})]


def test_a_month_has_ended_with_its_last_day() -> None:
    assert months_ended(date(2026, 9, 30), date(2026, 10, 30)) == []
    assert months_ended(date(2026, 9, 30), date(2026, 10, 31)) == [date(2026, 10, 1)]
    assert months_ended(date(2025, 12, 30), date(2026, 3, 1)) == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]

"""The daily plan opens once for each time zone and local day, however many workers look."""

import asyncio
from datetime import UTC, datetime, timedelta

from humidor_inventory.planning.schedule import KEEP_DAYS, open_scheduled
from humidor_inventory.testing.planning import Planner
from humidor_inventory.testing.shop import STORE

MIDNIGHT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)


async def opened(planner: Planner) -> list[tuple[str, str, int]]:
    rows = await planner.shop.runtime.pool.fetch(
        "SELECT time_zone, day, stores FROM plans WHERE scheduled ORDER BY day, time_zone"
    )
    return [(row[0], row[1].isoformat(), row[2]) for row in rows]


async def test_each_local_day_has_one_plan_though_many_look(planner: Planner) -> None:
    pool = planner.shop.runtime.pool
    await planner.store("S0002")
    # In Shanghai it is 8 o'clock, at Greenwich midnight.
    await asyncio.gather(*(open_scheduled(pool, now=MIDNIGHT) for _ in range(8)))
    assert await opened(planner) == [("Asia/Shanghai", "2026-11-26", 1)]
    await open_scheduled(pool, now=MIDNIGHT + timedelta(hours=5))
    await open_scheduled(pool, now=MIDNIGHT + timedelta(hours=22))
    assert await opened(planner) == [
        ("Asia/Shanghai", "2026-11-26", 1),
        ("UTC", "2026-11-26", 1),
        ("Asia/Shanghai", "2026-11-27", 1),
    ]


async def test_a_scheduled_plan_takes_the_stores_of_its_zone_and_the_terms_that_were_set(
    planner: Planner, gtins: list[str]
) -> None:
    await planner.store("S0002")
    for store_id in (STORE, "S0002"):
        await planner.level(gtins[0], store_id=store_id)
    shop = planner.shop
    before = await shop.ask("GET", "/v1/plan-schedule")
    assert (before["enabled"], before["at_local_time"]) == (True, "05:00:00")
    body = {"enabled": True, "at_local_time": "07:30", "terms": {"transfers": False}}
    bound = shop.auth("manager", stores=[STORE])
    await shop.ask("PUT", "/v1/plan-schedule", json=body, headers=bound, expect=403)
    await shop.ask("PUT", "/v1/plan-schedule", json=body)
    await shop.ask(
        "PUT", "/v1/plan-schedule", json=body, headers=shop.auth() | {"If-Match": '"1"'}, expect=412
    )
    await open_scheduled(shop.runtime.pool, now=MIDNIGHT)
    (plan,) = (await shop.ask("GET", "/v1/plans"))["items"]
    plan = await planner.calculate(plan["plan_id"])
    assert (plan["requested_by"], plan["terms"]["transfers"]) == ("system:schedule", False)
    assert list(await planner.lines(plan)) == [(STORE, gtins[0])]
    await shop.ask("PUT", "/v1/plan-schedule", json=body | {"enabled": False})
    await open_scheduled(shop.runtime.pool, now=MIDNIGHT + timedelta(days=1))
    assert len(await opened(planner)) == 1


async def test_old_plans_are_forgotten_with_their_lines(planner: Planner, gtins: list[str]) -> None:
    await planner.level(gtins[0])
    await planner.plan()
    pool = planner.shop.runtime.pool
    await pool.execute("UPDATE plan_schedule SET enabled = false")
    await open_scheduled(pool, now=datetime.now(UTC) + timedelta(days=KEEP_DAYS + 1))
    assert await pool.fetchval("SELECT count(*) FROM plans") == 0
    assert await pool.fetchval("SELECT count(*) FROM plan_lines") == 0

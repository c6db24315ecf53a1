"""Any order, any repetition, any grouping of facts leaves each of them once in the tables and the outbox."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import running
from humidor_pos.app import SERVICE
from humidor_pos.returns.waiting import settle_waiting

Make = Callable[..., Any]
SALES = 6
SKEWS = [timedelta(0), timedelta(hours=3), timedelta(days=-20), timedelta(days=-400), timedelta(days=900)]
WAYS = ("one", "batch", "stream")

STORED = """
SELECT sale_id::text FROM sales UNION ALL SELECT return_id::text FROM returns
 UNION ALL SELECT void_id::text FROM voids
"""
WAITING = "SELECT fact_id::text FROM exceptions WHERE code = 'sale_unknown' AND state = 'open'"

Delivery = tuple[str, int]
schedules = st.lists(
    st.tuples(
        st.sampled_from(WAYS),
        st.lists(
            st.tuples(st.sampled_from(["sale", "return", "void"]), st.integers(0, SALES - 1)),
            min_size=1,
            max_size=8,
        ),
    ),
    min_size=1,
    max_size=8,
)


class World:
    """The facts of one schedule: a sale, its return and its void for each number."""

    def __init__(self, a_sale: Make, a_return: Make, a_void: Make, skews: list[timedelta]) -> None:
        now = datetime.now(UTC)
        self.facts: dict[Delivery, dict[str, Any]] = {}
        for number, skew in enumerate(skews):
            moment = (now + skew).isoformat()
            sale = a_sale(lines=1 + number % 3, sold_at=moment)
            self.facts["sale", number] = sale
            self.facts["return", number] = a_return(sale, returned_at=moment)
            self.facts["void", number] = a_void(sale, voided_at=moment)

    async def deliver(self, client: Any, headers: dict[str, str], way: str, parts: list[Delivery]) -> None:
        sales = [self.facts[part] for part in parts if part[0] == "sale"]
        others = [(f"/v1/{kind}s", self.facts[kind, n]) for kind, n in parts if kind != "sale"]
        calls = [client.post(path, json=document, headers=headers) for path, document in others]
        if way == "one":
            calls += [client.post("/v1/sales", json=sale, headers=headers) for sale in sales]
        elif sales and way == "batch":
            calls.append(client.post("/v1/sales:batch", json={"sales": sales}, headers=headers))
        elif sales:
            body = b"\n".join(msgspec.json.encode(sale) for sale in sales)
            kind = {"Content-Type": "application/x-ndjson"}
            calls.append(client.post("/v1/sales:stream", content=body, headers=headers | kind))
        for answer in await asyncio.gather(*calls):
            assert answer.status_code in {200, 201}, answer.text


def test_every_fact_is_recorded_exactly_once_whatever_the_schedule(
    settings_for: Callable[..., ServiceSettings], auth: Make, a_sale: Make, a_return: Make, a_void: Make
) -> None:
    configured = settings_for(SERVICE, bus=False, pos_settle_every_seconds=3600)
    runner = asyncio.Runner()

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(schedules, st.lists(st.sampled_from(SKEWS), min_size=SALES, max_size=SALES))
    def check(schedule: list[tuple[str, list[Delivery]]], skews: list[timedelta]) -> None:
        world = World(a_sale, a_return, a_void, skews)
        runner.run(play(world, schedule))

    async def play(world: World, schedule: list[tuple[str, list[Delivery]]]) -> None:
        client, headers = process.client, {"Authorization": f"Bearer {key}"}
        await process.runtime.pool.execute(
            "TRUNCATE fact_ids, sales, sale_lines, returns, voids, exceptions, outbox"
        )
        for way, parts in schedule:
            await world.deliver(client, headers, way, parts)
        await settle_waiting(process.runtime)
        delivered = {part for _, parts in schedule for part in parts}
        await compare(process.runtime.pool, world, delivered)

    context = running(SERVICE, configured)
    process = runner.run(context.__aenter__())
    try:
        made = runner.run(process.client.post("/v1/terminals", json={"store_id": "S0001"}, headers=auth()))
        key = made.json()["key"]
        check()
    finally:
        runner.run(context.__aexit__(None, None, None))
        runner.close()


async def compare(pool: Any, world: World, delivered: set[Delivery]) -> None:
    wanted = {str(world.facts[kind, n][f"{kind}_id"]) for kind, n in delivered}
    for sql in ("SELECT fact_id::text FROM fact_ids", "SELECT subject FROM outbox", STORED):
        found = [row[0] for row in await pool.fetch(sql)]
        assert len(found) == len(set(found)) == len(wanted)
        assert set(found) == wanted
    lines = sum(len(world.facts[part]["lines"]) for part in delivered if part[0] == "sale")
    assert await pool.fetchval("SELECT count(*) FROM sale_lines") == lines
    events = [
        json.loads(row[0])
        for row in await pool.fetch("SELECT payload FROM outbox WHERE type LIKE '%sale-recorded%'")
    ]
    assert sum(len(event["lines"]) for event in events) == lines
    orphans = {
        str(world.facts[kind, n][f"{kind}_id"])
        for kind, n in delivered
        if kind != "sale" and ("sale", n) not in delivered
    }
    waiting = await pool.fetch(
        "SELECT fact_id::text FROM exceptions WHERE code = 'sale_unknown' AND state = 'open'"
    )
    assert {row[0] for row in waiting} == orphans

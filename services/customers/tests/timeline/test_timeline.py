"""The timeline: what tills tell of members, in any order, and what is read of it."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.pos import Payment, SaleLine, SaleRecorded, SaleReturned, SaleVoided
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_customers.inputs import NEWEST
from humidor_customers.parties import Party
from humidor_customers.testing.desk import NOON, Desk
from humidor_customers.timeline.consumers import SUBSCRIPTION, clear, digest
from humidor_customers.timeline.queries import Wanted, statement
from humidor_customers.timeline.service import Entry, add_entries

LINE = SaleLine(line=1, gtin="06901028001234", quantity=2, unit="pack", unit_price=2500)
MONEY: dict[str, Any] = {
    "terminal_id": "T1",
    "recorded_at": NOON,
    "currency": "CNY",
    "total": 5000,
    "lines": [LINE],
    "payments": [Payment(method="cash", amount=5000)],
}

KINDS = ["sale", "return", "void"]


def sale(sale_id: UUID, member_id: str | None = "M1", *, at: datetime = NOON) -> SaleRecorded:
    return SaleRecorded(sale_id=sale_id, store_id="S0001", sold_at=at, member_id=member_id, **MONEY)


def returned(sale_id: UUID, *, member_id: str | None = None) -> SaleReturned:
    return SaleReturned(
        return_id=UUID(int=sale_id.int + 1),
        sale_id=sale_id,
        store_id="S0002",
        returned_at=NOON + timedelta(hours=1),
        reason="damaged",
        restock=False,
        member_id=member_id,
        **MONEY,
    )


def voided(sale_id: UUID) -> SaleVoided:
    return SaleVoided(
        void_id=UUID(int=sale_id.int + 2),
        sale_id=sale_id,
        store_id="S0001",
        terminal_id="T1",
        voided_at=NOON + timedelta(hours=2),
        recorded_at=NOON,
        reason="mistake",
    )


def received(*events: Event) -> list[Received]:
    return [
        Received(event=each, event_id=uuid7(), source="/humidor/pos", time=NOON, traceparent=None)
        for each in events
    ]


async def take(desk: Desk, *events: Event) -> None:
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, received(*events))


async def join(desk: Desk, member_id: str = "M1", store_id: str = "S0001") -> None:
    body = {"member_id": member_id, "store_id": store_id, "adult": {"outcome": "unchecked"}}
    await desk.ask("POST", "/v1/consumers", json=body, expect=201)


async def timeline(desk: Desk, path: str = "consumers/M1", **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.ask("GET", f"/v1/{path}/timeline", **more))["items"]
    return found


def kinds(items: Sequence[dict[str, Any]]) -> list[str]:
    return [each["kind"] for each in items]


async def test_whatever_the_order_a_members_sale_its_return_and_void_stand_on_the_timeline(
    desk: Desk,
) -> None:
    await join(desk)
    sale_id = UUID(int=100)
    facts = [sale(sale_id), returned(sale_id), voided(sale_id)]
    for split in (1, 3):
        for order in itertools.permutations(facts):
            await desk.runtime.pool.execute("TRUNCATE timeline, timeline_waiting")
            for batch in (order[:split], order[split:], order[:1]):
                await take(desk, *batch)
            items = await timeline(desk)
            assert kinds(items) == ["void", "return", "sale"]
            assert items[1]["details"]["sale_id"] == str(sale_id)
            assert items[2]["details"] == {"total_minor": 5000, "currency": "CNY", "lines": 1}
            assert await desk.runtime.pool.fetchval("SELECT count(*) FROM timeline_waiting") == 0


async def test_what_concerns_no_member_is_on_no_timeline_and_a_rebuild_gives_the_same(desk: Desk) -> None:
    await join(desk)
    facts = [sale(UUID(int=100)), sale(UUID(int=200), None), returned(UUID(int=200)), voided(UUID(int=100))]
    facts.append(returned(UUID(int=300), member_id="M1"))
    await take(desk, *facts)
    assert sorted(kinds(await timeline(desk))) == ["return", "sale", "void"]
    async with transaction(desk.runtime.pool) as conn:
        before = await digest(conn)
        await clear(conn)
        assert (await digest(conn))["entries"] == 0
    await take(desk, *reversed(facts))
    async with transaction(desk.runtime.pool) as conn:
        assert await digest(conn) == before


async def test_a_timeline_is_read_in_pages_by_time_and_kind_and_store(desk: Desk) -> None:
    await join(desk)
    await take(desk, *(sale(UUID(int=n * 10), at=NOON - timedelta(days=100 * n)) for n in range(1, 8)))
    await take(desk, sale(UUID(int=5), at=NOON - timedelta(days=100)), returned(UUID(int=10)))
    page = await desk.ask("GET", "/v1/consumers/M1/timeline?limit=4")
    rest = await desk.ask("GET", "/v1/consumers/M1/timeline", params={"cursor": page["next_cursor"]})
    items = page["items"] + rest["items"]
    assert len(items) == len({each["entry_id"] for each in items}) == 9
    moments = [(each["happened_at"], each["entry_id"]) for each in items]
    assert moments == sorted(moments, reverse=True)
    since = (NOON - timedelta(days=300)).isoformat()
    until = (NOON - timedelta(days=100)).isoformat()
    found = await timeline(desk, params={"since": since, "until": until, "kind": ["sale", "visit"]})
    assert [UUID(each["entry_id"]).int for each in found] == [20, 30]
    clerk = desk.auth("clerk", stores=["S0001"])
    assert "return" not in kinds(await timeline(desk, headers=clerk))
    await desk.ask(
        "GET", "/v1/consumers/M1/timeline", headers=desk.auth("clerk", stores=["S0002"]), expect=404
    )
    await desk.ask("GET", "/v1/consumers/M1/timeline?cursor=WyIxIiwiMiJd", expect=422)
    for path in ("retailers/C9", "consumers/M9"):
        await desk.ask("GET", f"/v1/{path}/timeline", expect=404)


async def test_a_merged_record_is_part_of_the_survivors_timeline_until_the_merge_is_undone(
    desk: Desk,
) -> None:
    for each in ("C1", "C2"):
        await desk.put(each)
    async with transaction(desk.runtime.pool) as conn:
        entries = [
            Entry(Party("retailer", f"C{n}"), UUID(int=n), "delivery", NOON + timedelta(hours=n), {})
            for n in (1, 2)
        ]
        await add_entries(conn, [*entries, *entries])
    body = {"survivor_id": "C1", "merged_id": "C2", "take": [], "reason": "same"}
    made = await desk.ask("POST", "/v1/merges", json=body, expect=201)
    assert [each["party_id"] for each in await timeline(desk, "retailers/C1")] == ["C2", "C1"]
    page = await desk.ask("GET", "/v1/retailers/C1/timeline?limit=1")
    rest = await timeline(desk, "retailers/C1", params={"cursor": page["next_cursor"]})
    assert [each["party_id"] for each in rest] == ["C1"]
    await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    assert [each["party_id"] for each in await timeline(desk, "retailers/C1")] == ["C1"]


async def test_the_newest_entries_are_found_by_the_index_and_older_partitions_are_not_opened(
    desk: Desk,
) -> None:
    async with transaction(desk.runtime.pool) as conn:
        await conn.execute("""
            INSERT INTO timeline
            SELECT 'consumer', 'M' || n % 200, now() - make_interval(days => n / 200 * 30), gen_random_uuid(),
                   'sale', 'S0001', '{}'
            FROM generate_series(0, 8999) n
        """)
        await conn.execute("ANALYZE timeline")
        begin = datetime(1900, 1, 1, tzinfo=UTC)
        wanted = Wanted(begin, (datetime(2200, 1, 1, tzinfo=UTC), NEWEST), store_ids=["S0001"])
        text, arguments = statement("consumer", ["M7"], wanted, limit=5)
        plan = await conn.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {text}", *arguments)
        lines = [row[0] for row in plan]
        scans = [line for line in lines if "Scan" in line]
        assert all("pkey" in line or "pk_timeline" in line for line in scans), lines
        assert not any("Sort" in line for line in lines)
        opened = [line for line in scans if "never executed" not in line]
        # Those of later, two quarters to come and, by the day of the year, up to three with the newest five.
        assert len(opened) <= 6, lines
        assert len(scans) > 20
        narrow = wanted._replace(since=datetime.now(UTC) - timedelta(days=80))
        text, arguments = statement("consumer", ["M7"], narrow, limit=500)
        plan = await conn.fetch(f"EXPLAIN (COSTS OFF) {text}", *arguments)
        assert sum("Scan" in row[0] for row in plan) <= 5


async def test_partitions_are_made_ahead_and_what_was_too_early_for_them_moves_in(desk: Desk) -> None:
    pool = desk.runtime.pool
    assert await pool.fetchval("SELECT ensure_quarters('timeline', 'happened_at', 2)") == 0
    far = datetime.now(UTC) + timedelta(days=3 * 366)
    party = Party("consumer", "M1")
    moments = (far, datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC))
    async with transaction(pool) as conn:
        await add_entries(conn, [Entry(party, UUID(int=n), "sale", at, {}) for n, at in enumerate(moments)])
    where = "SELECT tableoid::regclass::text FROM timeline WHERE entry_id = $1"
    assert await pool.fetchval(where, UUID(int=0)) == "timeline_late"
    assert await pool.fetchval("SELECT ensure_quarters('timeline', 'happened_at', 14)") == 12
    assert await pool.fetchval("SELECT ensure_quarters('timeline', 'happened_at', 14)") == 0
    quarter = f"timeline_{far.year}q{(far.month + 2) // 3}"
    assert await pool.fetchval(where, UUID(int=0)) == quarter
    assert await pool.fetchval(where, UUID(int=1)) == "timeline_early"
    assert await pool.fetchval(where, UUID(int=2)) == "timeline_late"


async def test_what_an_erased_member_bought_leaves_the_timeline_and_does_not_come_back(desk: Desk) -> None:
    await join(desk)
    await take(desk, sale(UUID(int=100)), returned(UUID(int=100), member_id="M1"))
    await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"})
    await take(desk, sale(UUID(int=200)), sale(UUID(int=300), "M2"), returned(UUID(int=100)))
    rows = await desk.runtime.pool.fetch("SELECT party_id, kind FROM timeline WHERE kind = ANY($1)", KINDS)
    assert [tuple(row) for row in rows] == [("M2", "sale")]


async def test_what_is_taken_while_its_member_is_erased_leaves_no_trace(desk: Desk) -> None:
    await join(desk)
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, received(sale(UUID(int=100))))
        body = {"reason": "asked for"}
        erasing = asyncio.create_task(desk.ask("POST", "/v1/consumers/M1:erase", json=body))
        await desk.until_blocked()
    await erasing
    assert await desk.runtime.pool.fetchval("SELECT count(*) FROM timeline WHERE kind = ANY($1)", KINDS) == 0

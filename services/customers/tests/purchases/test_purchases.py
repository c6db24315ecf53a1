"""What customers bought: in whatever order it is told, by which units and clocks, and whose it is."""

import asyncio
import itertools
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import OrderDelivered
from humidor_common.events.inventory import UnitGtin
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.catalogue.consumers import clear as clear_catalogue
from humidor_customers.catalogue.consumers import digest as catalogue_digest
from humidor_customers.market.folding import FOLD
from humidor_customers.market.summing import TELL_STORE
from humidor_customers.purchases import queries, service, settling
from humidor_customers.purchases.consumers import SUBSCRIPTION, clear, digest
from humidor_customers.purchases.rules import MOST_MINOR
from humidor_customers.testing.desk import Desk, store
from humidor_customers.testing.explaining import Explaining
from humidor_customers.testing.ordering import gtin, offer, open_cycle, product, tell
from humidor_customers.testing.till import buy, join, line, returned, sale, voided
from humidor_customers.testing.warehouse import answer, asked, reserved

WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


async def lines(desk: Desk, columns: str) -> list[tuple[Any, ...]]:
    rows = await desk.runtime.pool.fetch(f"SELECT {columns} FROM purchases ORDER BY document_id, line")  # noqa: S608
    return [tuple(row) for row in rows]


async def test_sale_return_and_void_make_the_same_lines_in_any_order(desk: Desk) -> None:
    await tell(desk, PRODUCTS, product(1))
    facts = [sale(100), returned(100), voided(100), sale(200, "M2"), returned(200)]
    found = set()
    for split in (1, 2, 4):
        for order in itertools.permutations(facts[:3]):
            await desk.runtime.pool.execute("TRUNCATE purchase_documents, purchase_returns, purchase_voids")
            events = [*order, *facts[3:]]
            for batch in (events[:split], events[split:], events[:1]):
                await buy(desk, *batch)
            found.add(tuple(await lines(desk, "document_id::text, kind, party_id, sticks, net_minor")))
            assert await desk.runtime.pool.fetchval("SELECT count(*) FROM purchase_returns") == 0
    (only,) = found
    assert [each[1:] for each in only] == [
        ("return", "M1", -20, -2500),
        ("sale", "M2", 40, 5000),
        ("return", "M2", -20, -2500),
    ]


async def test_lines_have_sticks_and_the_stores_own_time_as_soon_as_both_are_known(desk: Desk) -> None:
    late = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
    told = product(1, sticks_per_pack=16, unit_gtins=[UnitGtin(gtin=gtin(77), unit="carton")])
    sold = (
        line(1, 2),
        line(1, 1, "carton", 30_000, 2),
        line(77, 3, "pack", 30_000, 3),
        line(9, 5, "stick", 1, 4),
    )
    absurd = line(1, 1_000_000, "pack", 2**62)
    await buy(desk, sale(1, None, *sold, at=late, store_id="S0009"), sale(2, None, absurd, at=late))
    before = await lines(desk, "gtin, sticks, local_day, local_hour, provisional")
    assert before[1:3] == [
        (gtin(1), 200, date(2026, 11, 25), 17, True),
        (gtin(77), 60, date(2026, 11, 25), 17, True),
    ]
    await tell(desk, PRODUCTS, told)
    await desk.tell(store("S0009"))
    await service.tidy(desk.runtime.pool)
    after = await lines(desk, "gtin, sticks, local_day, local_hour, provisional")
    night = (date(2026, 11, 26), 1)
    assert after[:4] == [
        (gtin(1), 32, *night, False),
        (gtin(1), 160, *night, False),
        (gtin(1), 480, *night, False),
        (gtin(9), 5, *night, True),
    ]
    assert (await lines(desk, "net_minor"))[4] == (MOST_MINOR,)
    days = set()
    async with transaction(desk.runtime.pool) as conn:
        while found := await queries.take_days(conn, 2):
            days |= set(found)
        assert await conn.fetchval("SELECT count(*) FROM purchase_unknowns WHERE id = $1", gtin(9)) == 1
        digested = await catalogue_digest(conn)
        await clear_catalogue(conn)
    assert {("S0009", date(2026, 11, 25)), ("S0009", date(2026, 11, 26))} <= days
    await tell(desk, PRODUCTS, told)
    async with transaction(desk.runtime.pool) as conn:
        assert await catalogue_digest(conn) == digested


async def test_large_batches_count_once_and_each_customer_is_told_once_however_many_wait(desk: Desk) -> None:
    batch = [
        Received(sale(10 * n, f"M{n % 200}"), UUID(int=n), "/test", datetime.now(UTC), None)
        for n in range(1, 260)
    ]
    taken = []
    for part in (batch[:230], batch, batch[::-1]):
        async with transaction(desk.runtime.pool) as conn:
            taken.append(await inbox.apply_batch(conn, SUBSCRIPTION, part))
    assert taken == [230, 29, 0]
    assert await lines(desk, "count(*) OVER ()") == [(259,)] * 259
    due: list[tuple[str, str]] = []
    async with transaction(desk.runtime.pool) as conn:
        await queries.mark(conn, [("consumer", "M7"), ("retailer", "C1")])
        while found := await queries.take_parties(conn, 90):
            assert found == sorted(found)
            assert len(found) <= 90
            due += found
    assert sorted(due) == sorted([("retailer", "C1"), *(("consumer", f"M{n}") for n in range(200))])


async def test_batches_that_passed_each_other_by_are_brought_together_later(desk: Desk) -> None:
    await buy(desk, sale(100), sale(200))
    pool = desk.runtime.pool
    async with transaction(pool) as conn:
        await settling.remember_voids(conn, [UUID(int=200)])
    await buy(desk, returned(300))
    async with transaction(pool) as conn:
        await conn.execute("UPDATE purchase_returns SET sale_id = $1", UUID(int=100))
        await conn.execute("UPDATE purchase_returns SET taken_at = now() - interval '2 minutes'")
        await conn.execute("UPDATE purchase_voids SET taken_at = now() - interval '2 minutes'")
    await service.tidy(pool)
    assert await lines(desk, "kind, party_id") == [("sale", "M1"), ("return", "M1")]
    assert await pool.fetchval("SELECT count(*) FROM purchase_voids WHERE found AND looked") == 1


async def test_what_an_erased_member_bought_is_nobodys_also_what_comes_later(desk: Desk) -> None:
    await join(desk, "M1")
    await buy(desk, sale(100), sale(200), voided(200))
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, [])
        await service.take(conn, [sale(300)])
        erasing = asyncio.create_task(
            desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"})
        )
        while not await desk.runtime.pool.fetchval(WAITING):  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.01)
    await erasing
    await buy(desk, sale(400), sale(500, "M2"), returned(200))
    assert await lines(desk, "party_id, sticks") == [
        (None, 40),
        (None, -20),
        (None, 40),
        (None, 40),
        ("M2", 40),
    ]
    for table in ("purchase_voids", "purchase_parties_changed"):
        count = f"SELECT count(*) FROM {table} WHERE party_id = 'M1'"  # noqa: S608 - names of ours
        assert await desk.runtime.pool.fetchval(count) == 0
    told = await desk.runtime.pool.fetch("SELECT unnest(party_ids) FROM purchase_parties_told")
    assert [each[0] for each in told] == ["M2"]


async def test_what_is_told_twice_stays_as_it_was_and_what_is_new_beside_it_counts(desk: Desk) -> None:
    dearer = line(1, 2, price=9000)
    async with transaction(desk.runtime.pool) as conn:
        await service.take(conn, [sale(100)])
        for number in (200, 300):
            await service.take(
                conn, [sale(100, "M9", dearer), sale(number, "M2"), sale(number, "M2", dearer)]
            )
    assert await lines(desk, "party_id, net_minor") == [("M1", 5000), ("M2", 5000), ("M2", 5000)]


@pytest.fixture
async def delivered(desk: Desk) -> OrderDelivered:
    """An order of C1 for 5 cartons at 100.00, delivered as 4."""
    await desk.put("C1", store_ids=["S0001"])
    await offer(desk, 1, 2)
    await open_cycle(desk, ["C1"])
    body = {"retailer_id": "C1", "confirm": True, "lines": [{"gtin": gtin(1), "quantity": 5}]}
    path = f"/v1/orders/{(await desk.ask('POST', '/v1/orders', json=body, expect=201))['order_id']}"
    await answer(desk, reserved((await asked(desk))[-1]))
    await desk.ask("POST", f"{path}:dispatch")
    proof = {"kind": "signature", "reference": "sheet 7", "sha256": "a" * 64}
    lines = [{"gtin": gtin(1), "quantity": 4}]
    await desk.ask("POST", f"{path}:deliver", json={"proof": proof, "lines": lines})
    event = (await asked(desk))[-1]
    assert isinstance(event, OrderDelivered)
    return event


async def test_what_was_delivered_to_a_trade_customer_is_its_purchase_and_a_rebuild_gives_the_same(
    desk: Desk, delivered: OrderDelivered
) -> None:
    facts = [delivered, sale(100), sale(200, None), returned(100), voided(200), returned(300, "M3")]
    await buy(desk, *facts)
    await buy(desk, *facts)
    found = await lines(desk, "kind, party_kind, party_id, store_id, sticks, net_minor, currency")
    assert ("order", "retailer", "C1", "S0004", 800, 40_000, "CNY") in found
    assert len(found) == 4
    async with transaction(desk.runtime.pool) as conn:
        before = await digest(conn)
        await clear(conn)
        assert (await digest(conn))["lines"] == 0
    await buy(desk, *reversed(facts))
    async with transaction(desk.runtime.pool) as conn:
        assert await digest(conn) == before


async def test_the_purchases_of_a_customer_are_found_by_the_index_in_the_quarters_asked_for(
    desk: Desk,
) -> None:
    pool = desk.runtime.pool
    assert await pool.fetchval("SELECT ensure_quarters('purchase_documents', 'bought_at', 2)") == 0
    assert await pool.fetchval("SELECT ensure_quarters('purchase_documents', 'bought_at', 4)") == 2
    at = [datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC), datetime.now(UTC)]
    await buy(desk, *(sale(n, f"M{n % 50}", at=at[2] - timedelta(days=n)) for n in range(1, 600)))
    await buy(desk, sale(9001, "M9", at=at[0]), sale(9002, "M9", at=at[1]))
    where = "SELECT tableoid::regclass::text FROM purchase_documents WHERE document_id = $1"
    assert await pool.fetchval(where, UUID(int=9001)) == "purchase_documents_early"
    assert await pool.fetchval(where, UUID(int=9002)) == "purchase_documents_late"
    await pool.execute("ANALYZE purchase_documents")
    async with transaction(pool) as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(
            "EXPLAIN (COSTS OFF) SELECT * FROM purchases WHERE party_id = 'M7' AND party_kind = 'consumer' "
            "AND bought_at >= $1",
            datetime.now(UTC) - timedelta(days=80),
        )
    text = "\n".join(row[0] for row in plan)
    # Rows come by an index alone or by its bitmap, as the statistics have it: never by reading a quarter.
    assert "Seq Scan" not in text
    assert text.count("Index Cond: (party_id") == len(re.findall("Index (Only )?Scan", text)) <= 8, text


async def test_the_purchases_of_a_store_are_found_day_by_day(desk: Desk) -> None:
    now = datetime.now(UTC)
    await buy(desk, *(sale(n, f"M{n % 50}", at=now - timedelta(days=n % 90)) for n in range(1, 600)))
    await desk.runtime.pool.execute("ANALYZE purchase_documents")
    days = [["S0001"], [date(2026, 11, 26)], now - timedelta(days=3), now]
    for statement, values in ((FOLD, days), (TELL_STORE, [])):
        async with transaction(desk.runtime.pool) as conn:
            await conn.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off")
            explaining = Explaining(conn)
            await explaining.fetch(statement, *values)
        assert "Seq Scan on purchase" not in explaining.plan
        assert re.search(r"Index Cond: \(\(local_day = .*store_id = ", explaining.plan), explaining.plan

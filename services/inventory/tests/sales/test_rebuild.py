"""A rebuild works sales out anew: from the topic how much, from the ledger which lots."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.messaging import inbox
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.sales.consumers import SUBSCRIPTION
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, received, returned, sale, voided

GTINS = [make_gtin(1), make_gtin(2)]


async def rebuild(shop: Shop, batches: Sequence[Sequence[Event]]) -> tuple[Any, Any, int]:
    """Rebuild from events as a topic would give them again; the digests and what was corrected."""
    async with transaction(shop.runtime.pool) as conn:
        assert PROJECTION.settle is not None
        await PROJECTION.settle(conn)
        before = await PROJECTION.digest(conn)
        await PROJECTION.clear(conn)
        await conn.execute("DELETE FROM inbox WHERE consumer = $1", SUBSCRIPTION.group)
        for batch in batches:
            assert PROJECTION.apply is not None
            await PROJECTION.apply(conn, await inbox.admit(conn, SUBSCRIPTION.group, [*map(received, batch)]))
        assert PROJECTION.finish is not None
        corrected = await PROJECTION.finish(conn)
        return before, await PROJECTION.digest(conn), corrected


def history(random: Random) -> list[Event]:
    """Sales with returns and voids, some before their sale, some of products that nobody has registered."""
    events: list[Event] = []
    for _ in range(random.randint(4, 12)):
        gtins = random.sample([*GTINS, make_gtin(9)], random.randint(1, 2))
        lots = [random.choice([None, "A", "B", "Z"]) for _ in gtins]
        lines = [
            line(g, random.randint(1, 8), line=n + 1, lot=lot)
            for n, (g, lot) in enumerate(zip(gtins, lots, strict=True))
        ]
        sold = sale(*lines)
        events.append(sold)
        if random.random() < 0.5:
            back = [
                msgspec.structs.replace(each, quantity=random.randint(1, each.quantity)) for each in lines
            ]
            events.append(returned(sold.sale_id, *back, restock=random.random() < 0.5))
        if random.random() < 0.3:
            events.append(voided(sold.sale_id))
    random.shuffle(events)
    return events


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    await shop.put_store()
    for gtin in GTINS:
        await shop.put_product(gtin)
        await shop.receive((gtin, 10, "A"), (gtin, 10, "B"))
    return shop


@pytest.fixture
def topic() -> list[list[Event]]:
    """All that was told so far; examples share the database."""
    return []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 12))
async def test_any_history_comes_out_equal_however_it_is_cut(
    stocked: Shop, topic: list[list[Event]], seed: int, cut: int
) -> None:
    random = Random(seed)
    events = history(random)
    half = len(events) // 2
    for n, batch in enumerate((events[:half], events[half:])):
        await stocked.deliver(*batch)
        if n == 0:
            await stocked.receive((GTINS[0], 5, "C"))
    topic += [events[at : at + cut] for at in range(0, len(events), cut)]
    before, after, corrected = await rebuild(stocked, topic)
    assert (after, corrected) == (before, 0)
    await stocked.check()


async def test_a_day_of_nothing_but_a_sale_that_was_voided_comes_out_equal(stocked: Shop) -> None:
    sold = sale(line(GTINS[0], 2))
    await stocked.deliver(sold)
    taken_back = voided(sold.sale_id)
    await stocked.deliver(taken_back)
    before, after, corrected = await rebuild(stocked, [[sold, taken_back]])
    assert (after, corrected) == (before, 0)


async def test_what_was_lost_of_a_sale_is_entered_again(stocked: Shop) -> None:
    sales = [sale(line(GTINS[0], 2)) for _ in range(3)]
    await stocked.deliver(*sales[:2])
    before, after, corrected = await rebuild(stocked, [sales])
    assert (corrected, after["documents"]["rows"] - before["documents"]["rows"]) == (0, 1)
    assert (await stocked.stock(GTINS[0]))["on_hand"] == 20 - 6
    await stocked.check()


async def test_what_no_event_accounts_for_is_taken_back(stocked: Shop) -> None:
    sales = [sale(line(GTINS[0], 12)), sale(line(GTINS[1], 3)), sale(line(GTINS[1], 30))]
    back = returned(sales[1].sale_id, line(GTINS[1], 1), restock=False)
    await stocked.deliver(*sales, back)
    before, after, corrected = await rebuild(stocked, [[sales[0]]])
    assert (before["documents"]["rows"], after["documents"]["rows"]) == (4, 1)
    assert corrected > 0
    assert (await stocked.stock(GTINS[0]))["on_hand"] == 8
    now = await stocked.stock(GTINS[1])
    assert (now["on_hand"], now["quarantined"]) == (20, 0)
    assert ("unexplained" in {why for *_, why in await stocked.entries(GTINS[1])}) is True
    await stocked.check()


async def test_a_changed_quantity_is_put_right_by_the_topic(stocked: Shop) -> None:
    sold = sale(line(GTINS[0], 5))
    await stocked.deliver(sold)
    other = msgspec.structs.replace(sold, lines=[line(GTINS[0], 4)])
    before, after, corrected = await rebuild(stocked, [[other]])
    assert corrected == 1
    assert before["moves"] != after["moves"]
    assert (await stocked.stock(GTINS[0]))["on_hand"] == 16
    await stocked.check()


async def test_parked_lines_wait_again_and_are_applied_once(stocked: Shop) -> None:
    unknown = make_gtin(9)
    sold = sale(line(GTINS[0], 1), line(unknown, 2, line=2), sale_id=None)
    await stocked.deliver(sold)
    before, after, corrected = await rebuild(stocked, [[sold]])
    assert (after, corrected, after["parked"]["rows"]) == (before, 0, 1)
    await stocked.put_product(unknown)
    assert (await stocked.stock(unknown))["on_hand"] == -2
    before, after, corrected = await rebuild(stocked, [[sold]])
    assert (after, corrected, after["parked"]["rows"]) == (before, 0, 0)
    assert (await stocked.stock(unknown))["on_hand"] == -2
    await stocked.check()


async def test_the_lots_are_those_that_were_taken_then_not_those_of_today(stocked: Shop) -> None:
    sold = sale(line(GTINS[0], 3))
    await stocked.deliver(sold)
    soon = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    lot = {"gtin": GTINS[0], "quantity": 9, "lot": "FIRST", "expiry_date": soon}
    await stocked.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": [lot]}, expect=201)
    before, after, corrected = await rebuild(stocked, [[sold]])
    assert (after, corrected) == (before, 0)
    assert (await stocked.lots(GTINS[0]))["A"] == (7, 0)

"""An order that the warehouse does not answer shows as stuck, with the reason and what is to be done."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.customers import OrderCancelled, OrderConfirmed
from humidor_common.ids import uuid7
from humidor_common.messaging import deadletters, inbox
from humidor_common.messaging.deadletters import Failed
from humidor_common.messaging.subscription import Received, decode
from humidor_customers.stuck import queries
from humidor_customers.stuck.consumers import SUBSCRIPTION
from humidor_customers.stuck.schemas import Filters
from humidor_customers.testing.desk import NOON, Desk
from humidor_customers.testing.ordering import gtin
from humidor_customers.testing.warehouse import answer, asked, reserved

pytestmark = pytest.mark.usefixtures("cycle")
REASON = "06900000000001: 5000000000 sticks are not what an order can have"


async def place(desk: Desk, retailer_id: str = "C1") -> OrderConfirmed:
    body = {"retailer_id": retailer_id, "confirm": True, "lines": [{"gtin": gtin(1), "quantity": 1}]}
    await desk.ask("POST", "/v1/orders", json=body, expect=201)
    told: OrderConfirmed = (await asked(desk))[-1]
    return told


def given_up(event: OrderConfirmed | OrderCancelled) -> Received:
    """Read an event as it stands on the topic of dead letters."""
    headers = {
        "ce_type": event.TYPE,
        "ce_source": "/humidor/inventory",
        "ce_id": str(uuid4()),
        "ce_time": NOON.isoformat(),
        "humidor_reason": REASON,
        "humidor_consumer": "inventory.orders",
    }
    return decode(headers, msgspec.json.encode(event))


async def note(desk: Desk, *events: OrderConfirmed | OrderCancelled) -> None:
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, [given_up(each) for each in events])


async def stuck(desk: Desk, **filters: str) -> list[tuple[Any, ...]]:
    items = (await desk.ask("GET", "/v1/stuck-orders", params=filters))["items"]
    assert all(each["to_do"] for each in items)
    return [(each["retailer_id"], each["waits"], each["why"], each["reason"]) for each in items]


async def test_a_confirmation_that_was_not_taken_shows_until_it_is_answered(desk: Desk) -> None:
    told = await place(desk)
    await place(desk, "C2")
    assert await stuck(desk) == []
    await note(desk, told, told)
    assert await stuck(desk) == [("C1", "asked", "not-taken", REASON)]
    assert await stuck(desk, retailer_id="C2") == []
    own, stranger = desk.auth("manager", stores=["S0001"]), desk.auth("manager", stores=["S0003"])
    assert len((await desk.ask("GET", "/v1/stuck-orders", headers=own))["items"]) == 1
    assert (await desk.ask("GET", "/v1/stuck-orders", headers=stranger))["items"] == []
    # Somebody has mended the cause and retried it.
    await answer(desk, reserved(told))
    assert await stuck(desk) == []

    cancelled = f"/v1/orders/{told.order_id}:cancel"
    await desk.ask("POST", cancelled, json={"reason": "closed"})
    payload = (await desk.told(OrderCancelled.TYPE))[-1][1]
    await note(desk, msgspec.json.decode(payload, type=OrderCancelled))
    assert await stuck(desk) == [("C1", "releasing", "not-taken", REASON)]


async def test_an_answer_that_was_lost_here_and_silence_show_as_well(desk: Desk) -> None:
    first, second, third = await place(desk), await place(desk, "C2"), await place(desk)
    pool = desk.runtime.pool
    for n, (consumer, event) in enumerate((("customers.order-stock", first), ("relay", second))):
        failed = Failed(
            topic="t",
            partition=0,
            offset=n,
            key=None,
            headers={"ce_subject": str(event.order_id)},
            value=b"",
            event_id=uuid7(),
            reason="no such column",
        )
        async with transaction(pool) as conn:
            await deadletters.keep(conn, consumer, failed)
    late = utc_now() - timedelta(minutes=16)
    await pool.execute("UPDATE orders SET changed_at = $2 WHERE order_id = $1", third.order_id, late)
    assert set(await stuck(desk)) == {
        ("C1", "asked", "answer-not-taken", "no such column"),
        ("C2", "asked", "not-published", "no such column"),
        ("C1", "asked", "no-answer", None),
    }
    page = await desk.ask("GET", "/v1/stuck-orders", params={"limit": "2"})
    rest = await desk.ask("GET", "/v1/stuck-orders", params={"cursor": page["next_cursor"]})
    assert [len(page["items"]), len(rest["items"])] == [2, 1]


async def test_looking_for_stuck_orders_reads_those_that_wait_alone(desk: Desk) -> None:
    statement, arguments = queries.build(
        Filters(), None, before=UUID(int=2**128 - 1), now=utc_now(), limit=50
    )
    async with desk.runtime.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement}", *arguments))
    assert "ix_orders_waiting" in plan, plan

"""Stock is kept back, let go and shipped for orders exactly once, whatever comes late, twice or reversed."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.db.transaction import transaction
from humidor_common.events import EVENTS, Event
from humidor_common.events.customers import (
    DeliveredProduct,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderedProduct,
)
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Poison, Received
from humidor_inventory.orderstock.consumers import SUBSCRIPTION
from humidor_inventory.testing.shop import NOON, STORE, Shop, make_gtin, received

CYCLE = UUID(int=7)
PACK = 20
ANSWERS = ("stock-reserved", "stock-refused", "stock-released", "stock-shipped")


def confirmed(
    order_id: UUID, *packs: tuple[str, int], attempt: int = 1, store_id: str = STORE, **changes: Any
) -> OrderConfirmed:
    values: dict[str, Any] = {
        "order_id": order_id,
        "retailer_id": "C1",
        "cycle_id": CYCLE,
        "store_id": store_id,
        "attempt": attempt,
        "accept_less": False,
        "lines": [
            OrderedProduct(
                gtin=gtin, requested_sticks=n * PACK, ordered_sticks=n * PACK, multiple_sticks=PACK
            )
            for gtin, n in packs
        ],
        "value_minor": 1,
        "currency": "CNY",
        "delivery_on": date(2026, 11, 27),
        "confirmed_at": NOON,
    }
    return OrderConfirmed(**(values | changes))


def cancelled(order_id: UUID, *, attempt: int = 1) -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        retailer_id="C1",
        cycle_id=CYCLE,
        store_id=STORE,
        attempt=attempt,
        code="debit-failed",
        cancelled_at=NOON,
    )


def delivered(order_id: UUID, *packs: tuple[str, int]) -> OrderDelivered:
    return OrderDelivered(
        order_id=order_id,
        retailer_id="C1",
        cycle_id=CYCLE,
        store_id=STORE,
        attempt=1,
        lines=[DeliveredProduct(gtin=gtin, delivered_sticks=n * PACK) for gtin, n in packs],
        delivered_at=NOON,
    )


async def tell(shop: Shop, *events: Event) -> list[Received]:
    batch = [received(event) for event in events]
    await tell_again(shop, batch)
    return batch


async def tell_again(shop: Shop, batch: Sequence[Received]) -> None:
    async with transaction(shop.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, batch)


async def answers(shop: Shop) -> list[Any]:
    kinds = [f"inventory.{kind}.v1" for kind in ANSWERS]
    rows = await shop.runtime.pool.fetch(
        "SELECT type, payload FROM outbox WHERE type = ANY($1::text[]) ORDER BY id", kinds
    )
    return [msgspec.json.decode(row["payload"], type=EVENTS[row["type"]]) for row in rows]


def names(told: Sequence[Any]) -> list[str]:
    return [type(each).__name__ for each in told]


async def test_an_order_is_kept_back_and_what_is_delivered_leaves_the_oldest_lots(
    shop: Shop, gtin: str
) -> None:
    order_id = uuid4()
    await shop.receive((gtin, 3, "A"), (gtin, 7, "B"))
    batch = await tell(shop, confirmed(order_id, (gtin, 6)))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 6, 4)
    (kept,) = (await shop.ask("GET", f"/v1/reservations?store_id={STORE}"))["items"]
    assert (kept["order_id"], kept["state"], kept["quantity_sticks"]) == (str(order_id), "confirmed", 120)
    release = f"/v1/reservations/{kept['reservation_id']}:release"
    problem = await shop.ask("POST", release, json={"reason": "mine"}, expect=409)
    assert problem["code"] == "belongs-to-order"
    batch += await tell(shop, delivered(order_id, (gtin, 5)))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["reserved"]) == (5, 0)
    assert [entry[:3] for entry in await shop.entries(gtin)][:2] == [
        ("B", "delivery", -2),
        ("A", "delivery", -3),
    ]
    told = await answers(shop)
    assert names(told) == ["StockReserved", "StockShipped"]
    assert [(each.lot, each.sticks) for each in told[1].lots] == [("A", 60), ("B", 40)]
    await tell_again(shop, batch)
    await tell(shop, *(each.event for each in batch))
    assert len(await answers(shop)) == 2
    assert (await shop.stock(gtin))["on_hand"] == 5
    await shop.check()


async def test_a_refused_order_keeps_nothing_back_and_may_ask_again(shop: Shop, gtin: str) -> None:
    order_id, second = uuid4(), make_gtin(2)
    await shop.put_product(second)
    await shop.receive((gtin, 10, "A"), (second, 1, "A"))
    await tell(shop, confirmed(order_id, (gtin, 5), (second, 2)))
    (told,) = await answers(shop)
    assert (told.code, [each.free_sticks for each in told.lines]) == ("not-enough-stock", [200, 20])
    assert (await shop.stock(gtin))["reserved"] == 0
    await tell(shop, confirmed(order_id, (gtin, 5), (second, 2), attempt=2, accept_less=True))
    told = (await answers(shop))[-1]
    assert [(each.ordered_sticks, each.reserved_sticks) for each in told.lines] == [(100, 100), (40, 20)]
    await tell(shop, cancelled(order_id, attempt=2))
    assert [(await shop.stock(each))["reserved"] for each in (gtin, second)] == [0, 0]
    unknown = (
        (confirmed(uuid4(), (make_gtin(9), 1)), "unknown-product"),
        (confirmed(uuid4(), (gtin, 1), store_id="S9999"), "unknown-store"),
    )
    for event, code in unknown:
        await tell(shop, event)
        assert (await answers(shop))[-1].code == code
    await shop.check()


async def test_a_cancellation_that_comes_first_leaves_nothing_kept_back(shop: Shop, gtin: str) -> None:
    order_id = uuid4()
    await shop.receive((gtin, 10, "A"))
    await tell(shop, cancelled(order_id), confirmed(order_id, (gtin, 4)))
    assert names(await answers(shop)) == ["StockReleased"]
    assert (await shop.stock(gtin))["reserved"] == 0
    await tell(shop, delivered(order_id, (gtin, 2)), cancelled(order_id))  # a fact outweighs what was told
    assert names(await answers(shop)) == ["StockReleased", "StockShipped"]
    assert (await shop.stock(gtin))["on_hand"] == 8
    await shop.check()


async def test_what_no_order_can_hold_is_set_aside_and_changes_nothing(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    twice = confirmed(uuid4(), (gtin, 1), (gtin, 1))
    absurd = delivered(uuid4(), (gtin, -1))
    nowhere = delivered(uuid4(), (make_gtin(9), 1))
    for wrong in (twice, absurd, nowhere):
        with pytest.raises(Poison):
            await tell(shop, wrong)
    assert await answers(shop) == []
    await shop.check()


steps = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from(["confirm", "confirm", "cancel", "deliver"]), st.integers(1, 6)
    ),
    max_size=25,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps, splits=st.lists(st.integers(1, 6), max_size=8), accept_less=st.booleans())
async def test_whatever_comes_in_whatever_order_no_stock_is_given_twice(
    shop: Shop,
    gtin: str,
    steps: list[tuple[int, str, int]],
    splits: list[int],
    accept_less: bool,
) -> None:
    before = await shop.stock(gtin)
    on_hand = before["on_hand"] if before else 0
    await shop.receive((gtin, max(20 - on_hand, 1), "A"))
    on_hand = (await shop.stock(gtin))["on_hand"]
    orders = [uuid4() for _ in range(6)]
    events: list[Event] = []
    for n, act, packs in steps:
        if act == "confirm":
            events.append(confirmed(orders[n], (gtin, packs), accept_less=accept_less))
        elif act == "cancel":
            events.append(cancelled(orders[n]))
        else:
            events.append(delivered(orders[n], (gtin, 1)))
    while events:
        size = splits.pop() if splits else len(events)
        batch = await tell(shop, *events[:size])
        await tell_again(shop, batch)
        events = events[size:]
        stock = await shop.stock(gtin)
        # What is handed over without having been kept back may eat into what others were promised.
        unasked = sum(1 for _, act, _ in steps if act == "deliver")
        assert stock["reserved"] <= stock["on_hand"] + unasked
        assert stock["reserved"] >= 0
    shipped = {each.order_id for each in await answers(shop) if type(each).__name__ == "StockShipped"}
    mine = shipped & set(orders)
    assert mine == {orders[n] for n, act, _ in steps if act == "deliver"}
    assert (await shop.stock(gtin))["on_hand"] == on_hand - len(mine)
    await tell(shop, *(cancelled(each) for each in orders))
    assert (await shop.stock(gtin))["reserved"] == 0
    await shop.check()

"""Orders are taken down, cut to caps, checked and confirmed, through HTTP on PostgreSQL."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.customers import OrderConfirmed
from humidor_customers.orders import queries
from humidor_customers.orders.lapsing import lapse_due
from humidor_customers.orders.schemas import Filters
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, move_window, offer
from humidor_customers.testing.warehouse import answer, asked, refused, reserved

pytestmark = pytest.mark.usefixtures("cycle")


def wish(*cartons: int, **changes: Any) -> dict[str, Any]:
    """Want so many cartons of the products 1, 2 and so on."""
    lines = [{"gtin": gtin(n), "quantity": quantity} for n, quantity in enumerate(cartons, 1) if quantity]
    return {"lines": lines} | changes


async def place(desk: Desk, *cartons: int, expect: int = 201, **changes: Any) -> Any:
    body = wish(*cartons, retailer_id="C1", confirm=True) | changes
    return await desk.ask("POST", "/v1/orders", json=body, expect=expect)


async def test_an_order_keeps_what_was_wanted_apart_from_what_the_caps_left(
    desk: Desk, given_caps: Any
) -> None:
    given_caps.products[gtin(1)] = 700
    given_caps.segments["mid"] = 1600
    order = await place(desk, 5, 4, 4)
    told = [(line["requested_sticks"], line["ordered_sticks"], line["cuts"]) for line in order["lines"]]
    assert told == [
        (1000, 600, [{"limit": "product-cap", "sticks": 400}]),
        (800, 800, []),
        (800, 200, [{"limit": "segment-cap", "sticks": 600}]),
    ]
    assert (order["state"], order["stock"], order["value_minor"]) == ("confirmed", "asked", 80_000)
    (event,) = await asked(desk)
    assert isinstance(event, OrderConfirmed)
    assert [(each.requested_sticks, each.ordered_sticks, each.limits) for each in event.lines] == [
        (1000, 600, ["product-cap"]),
        (800, 800, []),
        (800, 200, ["segment-cap"]),
    ]
    again = await place(desk, 1, 0, 0, expect=409)
    assert (again["code"], again["detail"]) == ("nothing-allowed", "The caps leave nothing of it.")
    other = await place(desk, 1, retailer_id="C2")
    assert other["lines"][0]["ordered_sticks"] == 200
    await desk.ask("POST", f"/v1/orders/{order['order_id']}:cancel", json={"reason": "a mistake"})
    assert (await place(desk, 9))["lines"][0]["ordered_sticks"] == 600


async def test_what_cannot_be_ordered_is_named_and_nothing_is_kept(desk: Desk) -> None:
    await offer(desk, 4)
    body = {"wholesale_minor_per_carton": 1, "currency": "CNY", "orderable": False}
    await desk.ask("PUT", f"/v1/catalogue/{gtin(4)}/offer", json=body)
    problem = await place(desk, 1, 0, 0, 1, 1, expect=422)
    assert problem["errors"] == [
        {"field": "lines[1].gtin", "message": "is not offered"},
        {"field": "lines[2].gtin", "message": "there is no such product"},
    ]
    twice = wish(1, retailer_id="C1")
    twice["lines"] *= 2
    await desk.ask("POST", "/v1/orders", json=twice, expect=422)
    await place(desk, 1, retailer_id="C9", expect=404)
    await desk.put("C3")
    assert (await place(desk, 1, retailer_id="C3", expect=409))["code"] == "no-window"
    assert (await desk.ask("GET", "/v1/orders"))["items"] == []
    assert await asked(desk) == []


async def test_licence_and_credit_are_checked_when_an_order_is_confirmed(desk: Desk) -> None:
    await desk.put("C1", credit_limit_minor=30_000, currency="CNY")
    first = await place(desk, 2)
    problem = await place(desk, 0, 2, expect=409)
    assert (problem["code"], problem["detail"]) == (
        "credit-exceeded",
        "The order is worth 20000, 10000 of the credit are left.",
    )
    paid = {"outcome": "paid", "amount_minor": 20_000, "reference": "B-1"}
    await desk.ask("POST", f"/v1/orders/{first['order_id']}/debits", json=paid, expect=201)
    await place(desk, 0, 2)
    check = {"status": "suspended", "source": "bureau"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    assert (await place(desk, 1, expect=409))["code"] == "licence-not-valid"
    tomorrow = (utc_now().date()).isoformat()
    await desk.put("C2", licence_valid_until=tomorrow, store_ids=["S0002"])
    problem = await place(desk, 1, retailer_id="C2", expect=409)
    assert problem["detail"].startswith("The licence is expired on ")


async def test_a_window_that_closes_during_an_order_leaves_the_draft_to_lapse(
    desk: Desk, cycle: UUID
) -> None:
    draft = await place(desk, 2, confirm=False)
    standing = await place(desk, 1)
    path = f"/v1/orders/{draft['order_id']}"
    await move_window(desk, cycle, opens=-60, closes=-0.01)
    problem = await desk.ask("POST", f"{path}:confirm", expect=409)
    assert problem["code"] == "window-closed"
    assert (await place(desk, 1, cycle_id=str(cycle), expect=409))["code"] == "window-closed"
    for hours, lapsed in ((0, 0), (2, 1)):  # it was to close in an hour
        async with transaction(desk.runtime.pool) as conn:
            assert await lapse_due(conn, now=utc_now() + timedelta(hours=hours)) == lapsed
    seen = await desk.ask("GET", path)
    assert (seen["state"], seen["closed_code"]) == ("lapsed", "window-closed")
    (event,) = await asked(desk)
    await answer(desk, reserved(event))  # the answer may come after the window has closed
    assert (await desk.ask("GET", f"/v1/orders/{standing['order_id']}"))["state"] == "reserved"
    assert (await desk.ask("POST", f"{path}:confirm", expect=409))["code"] == "order-state"


async def test_of_two_who_edit_an_order_at_once_the_second_is_told_so(desk: Desk) -> None:
    draft = await place(desk, 2, confirm=False)
    path = f"/v1/orders/{draft['order_id']}"
    first = {"If-Match": f'"{draft["version"]}"'}
    changed = await desk.ask("PUT", path, json=wish(3, 1), headers=dict(first))
    assert (changed["version"], changed["value_minor"]) == (2, 40_000)
    await desk.ask("PUT", path, json=wish(1), headers=dict(first), expect=412)
    await desk.ask("POST", f"{path}:confirm", headers=dict(first), expect=412)
    assert (await desk.ask("GET", path))["value_minor"] == 40_000
    done = await desk.ask("POST", f"{path}:confirm", headers={"If-Match": '"2"'})
    assert (done["state"], done["version"]) == ("confirmed", 3)
    assert (await desk.ask("PUT", path, json=wish(1), expect=409))["code"] == "order-state"
    assert await desk.trail("order", draft["order_id"]) == [
        ("place", None),
        ("change", None),
        ("confirm", None),
    ]


async def test_a_refused_order_says_what_is_left_and_stands_once_it_asks_for_less(desk: Desk) -> None:
    order = await place(desk, 5)
    path = f"/v1/orders/{order['order_id']}"
    (event,) = await asked(desk)
    await answer(desk, refused(event, free_sticks=400))
    seen = await desk.ask("GET", path)
    assert (seen["state"], seen["refusal_code"], seen["payment"]) == ("refused", "not-enough-stock", "none")
    assert seen["lines"][0]["free_sticks"] == 400
    await desk.ask("PUT", path, json=wish(2, accept_less=True))
    again = await desk.ask("POST", f"{path}:confirm")
    assert again["attempt"] == 2
    _, second = await asked(desk)
    await answer(desk, reserved(event), refused(event))  # late answers to the first attempt
    assert (await desk.ask("GET", path))["stock"] == "asked"
    await answer(desk, reserved(second, **{gtin(1): 200}))
    seen = await desk.ask("GET", path)
    assert (seen["state"], seen["value_minor"], seen["lines"][0]["reserved_sticks"]) == (
        "reserved",
        10_000,
        200,
    )


async def test_a_draft_whose_window_was_moved_lapses_no_sooner_than_that_closes(
    desk: Desk, cycle: UUID
) -> None:
    draft = await place(desk, 2, confirm=False)
    await move_window(desk, cycle, opens=-60, closes=240)
    path = f"/v1/orders/{draft['order_id']}"
    for hours, state in ((2, "draft"), (3, "draft"), (5, "lapsed")):
        async with transaction(desk.runtime.pool) as conn:
            await lapse_due(conn, now=utc_now() + timedelta(hours=hours))
        assert (await desk.ask("GET", path))["state"] == state


async def test_orders_at_once_never_exceed_a_cap_or_the_credit_together(desk: Desk, given_caps: Any) -> None:
    given_caps.products[gtin(1)] = 1000
    await desk.put("C2", credit_limit_minor=50_000, currency="CNY", store_ids=["S0002"])
    bodies = [wish(2, retailer_id="C1", confirm=True)] * 6 + [wish(0, 2, retailer_id="C2", confirm=True)] * 6
    answers = await asyncio.gather(
        *(desk.client.post("/v1/orders", json=body, headers=desk.auth()) for body in bodies)
    )
    capped, credited = answers[:6], answers[6:]
    got = [each.json()["lines"][0]["ordered_sticks"] for each in capped if each.status_code == 201]
    assert sorted(got) == [200, 400, 400]
    assert sorted(each.status_code for each in capped) == [201] * 3 + [409] * 3
    assert sorted(each.status_code for each in credited) == [201] * 2 + [409] * 4


async def test_one_key_places_one_order_and_who_sees_it_is_checked(desk: Desk, cycle: UUID) -> None:
    key = {"Idempotency-Key": "o-1"}
    body = wish(1, retailer_id="C1", confirm=True)
    ids = {
        (await desk.ask("POST", "/v1/orders", json=body, headers=dict(key), expect=201))["order_id"]
        for _ in range(2)
    }
    path = f"/v1/orders/{ids.pop()}"
    assert not ids
    owner, stranger, keeper = (desk.auth("manager", stores=[s]) for s in ("S0001", "S0002", "S0004"))
    for caller, expect, count in ((owner, 200, 1), (stranger, 404, 0), (keeper, 200, 1)):
        await desk.ask("GET", path, headers=dict(caller), expect=expect)
        assert len((await desk.ask("GET", "/v1/orders", headers=dict(caller)))["items"]) == count
    await desk.ask("POST", "/v1/orders", json=body, headers=dict(stranger), expect=404)
    await desk.ask("POST", f"{path}:cancel", json={"reason": "x"}, headers=dict(stranger), expect=404)
    await desk.ask("POST", f"{path}/debits", json={}, headers=dict(owner), expect=422)
    found = await desk.ask("GET", "/v1/orders", params={"cycle_id": str(cycle), "state": "confirmed"})
    assert len(found["items"]) == 1
    await desk.ask("GET", "/v1/orders", params={"lot": "L1"}, expect=422)


async def test_lists_of_orders_find_their_indexes(desk: Desk) -> None:
    async with desk.runtime.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        for filters, index in (
            ({"retailer_id": "C1"}, "ix_orders_retailer"),
            ({"cycle_id": UUID(int=1)}, "ix_orders_cycle"),
            ({"store_id": "S0004"}, "ix_orders_store"),
            ({"gtin": gtin(1), "lot": "L1"}, "ix_order_lots_lot"),
        ):
            statement, arguments = queries.build(
                Filters.model_validate(filters), None, before=UUID(int=2**128 - 1), limit=10
            )
            plan = await conn.fetch(f"EXPLAIN {statement}", *arguments)
            assert any(index in row[0] for row in plan), (filters, [row[0] for row in plan])

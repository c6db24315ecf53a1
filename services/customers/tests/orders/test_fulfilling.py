"""Orders that stand: stock answered, debits, dispatch, delivery with proof, and what goes wrong between."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import OrderCancelled, OrderDelivered
from humidor_common.ids import uuid7
from humidor_customers.orders import queries
from humidor_customers.testing.desk import NOON, Desk, licence
from humidor_customers.testing.ordering import GROUP, gtin
from humidor_customers.testing.warehouse import answer, asked, refused, released, reserved, shipped

pytestmark = pytest.mark.usefixtures("cycle")
PROOF = {"proof": {"kind": "signature", "reference": "sheet 7", "sha256": "a" * 64}}


async def place(desk: Desk, cartons: int = 5, retailer_id: str = "C1", **more: Any) -> str:
    lines = [{"gtin": gtin(1), "quantity": cartons}, {"gtin": gtin(2), "quantity": 1}]
    body = {"retailer_id": retailer_id, "confirm": True, "lines": lines} | more
    made = await desk.ask("POST", "/v1/orders", json=body, expect=201)
    return f"/v1/orders/{made['order_id']}"


async def reserve(desk: Desk) -> None:
    """Answer the newest thing that an order told."""
    await answer(desk, reserved((await asked(desk))[-1]))


async def debit(desk: Desk, path: str, outcome: str, amount: int, **changes: Any) -> Any:
    body = {"outcome": outcome, "amount_minor": amount, "reference": f"{path}/{outcome}"} | changes
    return await desk.ask("POST", f"{path}/debits", json=body, expect=changes.pop("expect", 201))


async def state(desk: Desk, path: str) -> tuple[str, str, str]:
    view = await desk.ask("GET", path)
    return view["state"], view["stock"], view["payment"]


async def test_an_order_is_paid_dispatched_and_delivered_with_proof_and_its_lots_are_known(
    desk: Desk,
) -> None:
    path = await place(desk)
    assert (await desk.ask("POST", f"{path}:dispatch", expect=409))["code"] == "order-state"
    await reserve(desk)
    paid = await debit(desk, path, "paid", 60_000)
    assert (paid["payment"], paid["refund_due_minor"]) == ("paid", 0)
    again = await debit(desk, path, "paid", 60_000)
    assert again["debit_id"] == paid["debit_id"]
    await desk.ask("POST", f"{path}:dispatch")
    short = PROOF | {"lines": [{"gtin": gtin(1), "quantity": 4}]}
    for wrong, field in (
        (PROOF | {"lines": [{"gtin": gtin(1), "quantity": 6}]}, "lines[0].quantity"),
        (PROOF | {"lines": [{"gtin": gtin(3), "quantity": 1}]}, "lines[0].gtin"),
        (PROOF | {"delivered_at": "2099-01-01T00:00:00Z"}, "delivered_at"),
        ({}, "proof"),
    ):
        problem = await desk.ask("POST", f"{path}:deliver", json=wrong, expect=422)
        assert problem["errors"][0]["field"] == field
    done = await desk.ask("POST", f"{path}:deliver", json=short)
    assert (done["state"], done["stock"], done["value_minor"]) == ("delivered", "shipping", 50_000)
    assert (done["refund_due_minor"], done["proof"]["reference"]) == (10_000, "sheet 7")
    told = (await asked(desk))[-1]
    assert isinstance(told, OrderDelivered)
    assert [each.delivered_sticks for each in told.lines] == [800, 200]
    await answer(desk, shipped(told, "L7"), shipped(told, "L8"))
    assert await state(desk, path) == ("delivered", "shipped", "paid")
    found = await desk.ask("GET", "/v1/orders", params={"gtin": gtin(1), "lot": "L7"})
    assert [each["order_id"] for each in found["items"]] == [done["order_id"]]
    refund = await debit(desk, path, "refunded", 10_000)
    assert refund["refund_due_minor"] == 0
    assert len((await desk.ask("GET", f"{path}/debits"))["items"]) == 2
    assert (await desk.ask("POST", f"{path}:cancel", json={"reason": "x"}, expect=409))[
        "code"
    ] == "order-state"
    actions = [action for action, _ in await desk.trail("order", done["order_id"])]
    assert actions == ["confirm", "book_paid", "dispatch", "deliver", "book_refunded"]


async def test_who_prepays_gets_nothing_unpaid_and_a_failed_debit_lets_the_goods_go(desk: Desk) -> None:
    await desk.ask("PUT", "/v1/order-groups/G1", json=GROUP | {"prepaid": True})
    first, second = await place(desk), await place(desk, retailer_id="C2")
    for each in await asked(desk):
        await answer(desk, reserved(each))
    assert (await desk.ask("POST", f"{first}:dispatch", expect=409))["code"] == "not-paid"
    failed = await debit(desk, first, "failed", 60_000, reason="insufficient balance")
    assert (failed["order_state"], failed["payment"]) == ("cancelled", "failed")
    told = (await asked(desk))[-1]
    assert isinstance(told, OrderCancelled)
    assert (told.code, str(told.order_id)) == ("debit-failed", first.rpartition("/")[2])
    assert await state(desk, first) == ("cancelled", "releasing", "failed")
    await answer(desk, released(told))
    assert await state(desk, first) == ("cancelled", "released", "failed")
    late = await debit(desk, first, "paid", 60_000)
    assert late["refund_due_minor"] == 60_000  # the bank paid after all: it has to go back
    back = [await debit(desk, first, "refunded", 30_000, reference=f"{first}/{n}") for n in (1, 2)]
    assert [(each["payment"], each["refund_due_minor"]) for each in back] == [("paid", 30_000), ("none", 0)]
    used = {"outcome": "paid", "amount_minor": 1, "reference": f"{first}/paid"}
    problem = await desk.ask("POST", f"{second}/debits", json=used, expect=409)
    assert problem["code"] == "reference-used"
    await debit(desk, second, "paid", 60_000)
    assert (await desk.ask("POST", f"{second}:dispatch"))["state"] == "dispatched"
    too_much = {"outcome": "refunded", "amount_minor": 10**9, "reference": "r"}
    await desk.ask("POST", f"{second}/debits", json=too_much, expect=422)


async def test_a_prepaid_order_that_got_smaller_goes_out_once_what_was_paid_covers_it(desk: Desk) -> None:
    await desk.ask("PUT", "/v1/order-groups/G1", json=GROUP | {"prepaid": True})
    path = await place(desk)
    await debit(desk, path, "paid", 60_000)
    for cartons, payment in ((9, "due"), (4, "paid")):  # wanted anew, each time after a refusal
        await answer(desk, refused((await asked(desk))[-1]))
        assert (await state(desk, path))[::2] == ("refused", "paid")
        await desk.ask("PUT", path, json={"lines": [{"gtin": gtin(1), "quantity": cartons}]})
        assert (await desk.ask("POST", f"{path}:confirm"))["payment"] == payment
    await reserve(desk)
    gone = await desk.ask("POST", f"{path}:dispatch")
    assert (gone["state"], gone["value_minor"], gone["refund_due_minor"]) == ("dispatched", 40_000, 20_000)

    for kept_cartons, payment, expect in ((3, "paid", 200), (4, "due", 409)):  # the warehouse has less
        path = await place(desk, retailer_id="C2", accept_less=True)
        assert (await debit(desk, path, "paid", 40_000))["payment"] == "due"
        (*_, told) = await asked(desk)
        await answer(desk, reserved(told, **{gtin(1): kept_cartons * 200}))
        assert await state(desk, path) == ("reserved", "reserved", payment)
        await desk.ask("POST", f"{path}:dispatch", expect=expect)


async def test_a_banks_reference_that_is_booked_for_two_orders_at_once_counts_for_one(desk: Desk) -> None:
    first, second = await place(desk), await place(desk, retailer_id="C2")
    body = {"outcome": "paid", "amount_minor": 60_000, "reference": "B-7"}
    row = body | {"debit_id": uuid7(), "order_id": UUID(first.rpartition("/")[2]), "booked_at": NOON}
    async with transaction(desk.runtime.pool) as conn:
        await queries.write_debit(conn, row | {"recorded_at": NOON, "recorded_by": "another", "reason": None})
        late = asyncio.create_task(desk.ask("POST", f"{second}/debits", json=body, expect=409))
        await desk.until_blocked()
    assert (await late)["code"] == "reference-used"
    assert await state(desk, second) == ("confirmed", "asked", "due")
    assert (await desk.ask("GET", f"{second}/debits"))["items"] == []
    twice = [debit(desk, second, "paid", 60_000, reference="B-8") for _ in range(2)]
    one, again = await asyncio.gather(*twice)
    assert one == again


async def test_a_licence_revoked_between_order_and_delivery_stops_the_order_and_frees_its_goods(
    desk: Desk,
) -> None:
    stopped, on_the_way = await place(desk), await place(desk)
    for each in await asked(desk):
        await answer(desk, reserved(each))
    await debit(desk, stopped, "paid", 60_000)
    await desk.ask("POST", f"{on_the_way}:dispatch")
    check = {"status": "revoked", "source": "bureau", "reason": "sold to minors"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    view = await desk.ask("POST", f"{stopped}:dispatch")
    assert (view["state"], view["stock"], view["closed_code"]) == (
        "cancelled",
        "releasing",
        "licence-revoked",
    )
    assert view["refund_due_minor"] == 60_000
    assert ("stop", "licence-revoked") in await desk.trail("order", view["order_id"])
    done = await desk.ask("POST", f"{on_the_way}:deliver", json=PROOF)  # it has happened, so it is kept
    assert (done["state"], done["exceptions"]) == ("delivered", ["licence-revoked"])


async def test_cancelling_while_the_warehouse_decides_leaves_nothing_kept_back(desk: Desk) -> None:
    for late in (reserved, refused):
        path = await place(desk)
        (*_, told) = await asked(desk)
        await desk.ask("POST", f"{path}:cancel", json={"reason": "changed their mind"})
        (*_, cancelled) = await asked(desk)
        await answer(desk, late(told))  # it had been on its way
        assert await state(desk, path) == ("cancelled", "releasing", "none")
        await answer(desk, released(cancelled), released(cancelled))
        assert await state(desk, path) == ("cancelled", "released", "none")


async def test_a_merge_that_is_undone_after_new_orders_gives_each_its_own_and_says_what_stays(
    desk: Desk, cycle: UUID
) -> None:
    await desk.put("C1", store_ids=["S0001"], credit_limit_minor=100_000, currency="CNY")
    first, second = await place(desk), await place(desk, 1, "C2")
    body = {"survivor_id": "C1", "merged_id": "C2", "take": [], "reason": "one shop"}
    made = await desk.ask("POST", "/v1/merges", json=body, expect=201)
    assert (made["moved"]["orders"], made["moved"]["order_group"]) == ([second.rpartition("/")[2]], "G1")
    lines = [{"gtin": gtin(1), "quantity": 3}]
    order = {"retailer_id": "C2", "lines": lines}
    assert (await desk.ask("POST", "/v1/orders", json=order, expect=409))["code"] == "retailer-merged"
    too_much = {"retailer_id": "C1", "confirm": True, "lines": lines}
    problem = await desk.ask("POST", "/v1/orders", json=too_much, expect=409)
    assert problem["detail"] == "The order is worth 30000, 20000 of the credit are left."
    new = await place(desk, 1)
    done = await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two after all"})
    assert [(each["field"], each["now"]) for each in done["kept"]] == [("orders", [new.rpartition("/")[2]])]
    owners = [(await desk.ask("GET", path))["retailer_id"] for path in (first, second, new)]
    assert owners == ["C1", "C2", "C1"]
    for each in await asked(desk):
        await answer(desk, reserved(each))  # asked for under the former owner
    assert await state(desk, second) == ("reserved", "reserved", "due")
    for retailer_id in ("C1", "C2"):
        windows = (await desk.ask("GET", f"/v1/retailers/{retailer_id}/order-windows"))["items"]
        assert [each["cycle_id"] for each in windows] == [str(cycle)]
    assert (await desk.get("C2"))["licence_number"] == licence(2)


async def test_what_becomes_of_an_order_is_on_the_customers_timeline(desk: Desk) -> None:
    path, short = await place(desk), await place(desk, 1)
    first, second = await asked(desk)
    await answer(desk, reserved(first), refused(second))
    await desk.ask("POST", f"{path}:dispatch")
    done = await desk.ask("POST", f"{path}:deliver", json=PROOF)
    await desk.ask("POST", f"{short}:cancel", json={"reason": "no more"})
    draft = await desk.ask(
        "POST",
        "/v1/orders",
        json={"retailer_id": "C1", "lines": [{"gtin": gtin(1), "quantity": 1}]},
        expect=201,
    )
    await desk.ask("POST", f"/v1/orders/{draft['order_id']}:cancel", json={"reason": "never stood"})
    owner = desk.auth("manager", stores=["S0001"])
    entries = (await desk.ask("GET", "/v1/retailers/C1/timeline", headers=owner))["items"]
    found = [(each["kind"], each["entry_id"] == done["order_id"], each["details"]) for each in entries]
    value = {"currency": "CNY", "value_minor": 60_000}, {"currency": "CNY", "value_minor": 20_000}
    assert found == [
        ("order_cancelled", False, value[1] | {"code": "cancelled-by-person"}),
        ("order_delivered", True, value[0]),
        ("order_refused", False, value[1] | {"code": "not-enough-stock"}),
        ("order_placed", False, value[1] | {"lines": 2}),
        ("order_placed", True, value[0] | {"lines": 2}),
    ]
    kinds = {"kind": "order_placed"}
    assert len((await desk.ask("GET", "/v1/retailers/C1/timeline", params=kinds))["items"]) == 2

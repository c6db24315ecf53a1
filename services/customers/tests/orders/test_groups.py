"""Orders that come at once are taken down in groups: each as if it had come alone, none beyond a cap."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_common.auth import Principal
from humidor_common.ids import uuid7
from humidor_common.web.idempotency import Idempotent
from humidor_common.web.problems import Problem
from humidor_customers.orders.api import OrderDesk
from humidor_customers.orders.placing import Posted
from humidor_customers.orders.schemas import OrderInput
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, offer, open_cycle
from humidor_customers.testing.supply import make_scheme, make_strategy, put_in_tiers
from humidor_customers.testing.warehouse import asked

CALLER = Principal(subject="tester", kind="user")
CARTON = 200
CUSTOMERS = ("C1", "C2", "C3")
CAPS = {gtin(1): 4, gtin(2): 3}
SEGMENT = 6
CREDIT = 50_000
UNKNOWN = gtin(9)


class Wish(NamedTuple):
    """An order: whose, by which of two processes, under which key, how many cartons of each product."""

    customer: str
    process: int
    key: int | None
    cartons: tuple[int, int, int]

    @property
    def body(self) -> dict[str, Any]:
        names = (gtin(1), gtin(2), UNKNOWN)
        lines = [{"gtin": g, "quantity": n} for g, n in zip(names, self.cartons, strict=True) if n]
        return {"retailer_id": self.customer, "confirm": True, "lines": lines}


wishes = st.builds(
    Wish,
    st.sampled_from(CUSTOMERS),
    st.integers(0, 1),
    st.sampled_from([None, None, 1, 2]),
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0, 0, 0, 1])),
).filter(lambda wish: any(wish.cartons))


async def supply(desk: Desk, caps: dict[str, int] | None = None) -> UUID:
    """Three customers of the best tier, a window that is open, and caps that are published for it."""
    for name in CUSTOMERS:
        await desk.put(name, credit_limit_minor=CREDIT, currency="CNY")
    await offer(desk, 1, 2)
    cycle_id = await open_cycle(desk, CUSTOMERS)
    await make_scheme(desk)
    await put_in_tiers(desk, dict.fromkeys(CUSTOMERS, 3))
    await publish(desk, cycle_id, caps or CAPS)
    return cycle_id


async def publish(desk: Desk, cycle_id: UUID, caps: dict[str, int]) -> None:
    lines: list[dict[str, Any]] = [
        {"subject": "product", "code": code, "price_segment": "mid", "caps_cartons": [cap]}
        for code, cap in caps.items()
    ]
    lines.append({"subject": "segment", "code": "mid", "caps_cartons": [SEGMENT]})
    strategy = await make_strategy(desk, cycle_id, lines)
    path = f"/v1/strategies/{strategy['strategy_id']}:publish"
    await desk.ask("POST", path, json={"reason": "caps", "unsimulated": True})


async def take(desk: OrderDesk, wish: Wish, key: str | None) -> Any:
    """Have an order taken down as a request would; gives the document of the answer, or of the problem."""
    body = OrderInput.model_validate(wish.body)
    fingerprint = hashlib.sha256(repr(wish).encode()).digest()
    try:
        answer = await desk.take(CALLER, body, Idempotent(key, "user:tester", fingerprint))
    except Problem as problem:
        return problem.document()
    return json.loads(bytes(answer.body))


@pytest.fixture
async def supplied(desk: Desk) -> UUID:
    return await supply(desk)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(placed=st.lists(wishes, min_size=2, max_size=14))
@pytest.mark.usefixtures("supplied")
async def test_orders_at_once_are_cut_exactly_to_what_caps_and_credit_leave_each_customer(
    desk: Desk, placed: list[Wish]
) -> None:
    await forget(desk)
    desks, run = [OrderDesk(desk.runtime, desk.runtime.pool) for _ in range(2)], uuid7().hex
    answers = await asyncio.gather(
        *(take(desks[each.process], each, f"{run}/{each.key}" if each.key else None) for each in placed)
    )
    orders: dict[str, Any] = {}
    for wish, answer in zip(placed, answers, strict=True):
        if "order_id" in answer:
            assert (answer["retailer_id"], wish.cartons[2]) == (wish.customer, 0)
            assert orders.setdefault(answer["order_id"], answer) == answer
        else:
            codes = {"nothing-allowed", "credit-exceeded", "idempotency-key-reused"}
            assert answer["code"] in ({"invalid", "idempotency-key-reused"} if wish.cartons[2] else codes)
    for customer in CUSTOMERS:
        check_customer([each for each in orders.values() if each["retailer_id"] == customer])
    await check_kept(desk, orders)


def check_customer(orders: Sequence[Any]) -> None:
    """No cap is exceeded by a customer's orders together, and all that was asked for is had or cut by one."""
    assert sum(each["value_minor"] for each in orders) <= CREDIT
    lines = [line for each in orders for line in each["lines"]]
    for code, cap in CAPS.items():
        assert sum(line["ordered_sticks"] for line in lines if line["gtin"] == code) <= cap * CARTON
    assert sum(line["ordered_sticks"] for line in lines) <= SEGMENT * CARTON
    for line in lines:
        assert line["requested_sticks"] - line["ordered_sticks"] == sum(cut["sticks"] for cut in line["cuts"])


async def check_kept(desk: Desk, orders: Mapping[str, Any]) -> None:
    """Exactly what was answered is kept, told, noted and on the timelines, once each."""
    rows = await desk.runtime.pool.fetch("""
        SELECT 'kept', order_id::text FROM orders
        UNION ALL SELECT 'noted', entity_id FROM audit_trail WHERE entity = 'order' AND action = 'confirm'
        UNION ALL SELECT 'entered', entry_id::text FROM timeline WHERE kind = 'order_placed'
    """)
    found = [(kind, name) for kind, name in rows] + [
        ("told", str(each.order_id)) for each in await asked(desk)
    ]
    assert sorted(found) == sorted(
        (kind, name) for kind in ("kept", "noted", "entered", "told") for name in orders
    )


async def forget(desk: Desk) -> None:
    """Begin again: each example has all of the caps."""
    await desk.runtime.pool.execute("""
        DELETE FROM order_lines; DELETE FROM orders; DELETE FROM outbox; DELETE FROM timeline;
        ALTER TABLE audit_trail DISABLE TRIGGER ALL; DELETE FROM audit_trail WHERE entity = 'order'
    """)


async def test_caps_that_are_published_anew_hold_for_the_next_order(desk: Desk) -> None:
    cycle_id = await supply(desk, {gtin(1): 1})
    first = await desk.ask("POST", "/v1/orders", json=Wish("C1", 0, None, (4, 0, 0)).body, expect=201)
    assert first["lines"][0]["ordered_sticks"] == CARTON
    await publish(desk, cycle_id, {gtin(1): 3})
    more = await desk.ask("POST", "/v1/orders", json=Wish("C1", 0, None, (4, 0, 0)).body, expect=201)
    assert more["lines"][0]["ordered_sticks"] == 2 * CARTON
    await put_in_tiers(desk, {"C1": 1})


async def test_an_order_whose_group_fails_is_taken_down_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await supply(desk)
    own = desk.runtime.get(OrderDesk)
    real, sizes = own._take_down, []

    async def failing(posted: list[Posted]) -> Any:
        sizes.append(len(posted))
        if len(posted) > 1:
            raise RuntimeError("something about one of them")
        return await real(posted)

    monkeypatch.setattr(own._groups, "_work", failing)
    placed = [Wish(name, 0, None, (1, 0, 0)) for name in CUSTOMERS]
    answers = await asyncio.gather(
        *(desk.client.post("/v1/orders", json=each.body, headers=desk.auth()) for each in placed)
    )
    assert [each.status_code for each in answers] == [201] * 3
    assert max(sizes) > 1


@pytest.mark.usefixtures("cycle")
async def test_a_request_that_is_not_plainly_right_is_answered_as_by_any_other_route(desk: Desk) -> None:
    """Every request is sent twice: as it is and so that only FastAPI reads it. The answers are the same."""
    good = Wish("C1", 0, None, (1, 0, 0)).body
    await desk.ask("POST", "/v1/orders", json=good, expect=201)  # the token is known from here on
    auth, key = desk.auth(), "Idempotency-Key"
    for content, headers, status in (
        (b"", auth, 422),
        (b"{", auth, 400),
        (b"[" * 100_000, auth, 400),
        (b"\xff\xfe", auth, 400),
        (b"[]", auth, 422),
        (b'{"retailer_id": "C1", "lines": [], "more": 1}', auth, 422),
        (b'{"retailer_id": "C1", "lines": [{"gtin": "x", "quantity": 0}]}', auth, 422),
        (b"{}", auth | {key: "a b"}, 422),
        (b"{}", auth | {key: "a" * 201}, 422),
        (b"{}", {}, 401),
        (b"{}", {"Authorization": "Bearer nonsense"}, 401),
        (b"{}", desk.auth("analyst"), 403),
    ):
        ways = [{"Content-Type": each} for each in ("application/json", "application/json; charset=utf-8")]
        found = [
            await desk.client.post("/v1/orders", content=content, headers={**headers, **way}) for way in ways
        ]
        plain, other = ({**each.json(), "trace_id": None} for each in found)
        assert (found[0].status_code, plain) == (status, other), content[:40]
    text = {"Content-Type": "text/plain"}
    assert (await desk.client.post("/v1/orders", content=b"{}", headers=auth | text)).status_code == 422

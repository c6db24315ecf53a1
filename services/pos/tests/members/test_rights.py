"""A member's sales and returns: handed out to who has the key, then nobody's, also what comes late."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.auth.machine_keys import hash_key, make_key
from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import ErasureRequested, ExportRequested
from humidor_common.events.pos import PersonErasedByPos, PersonExportedByPos
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_common.privacy import retention
from humidor_common.privacy.answering import subscribe
from humidor_common.privacy.keeping import JUST_ERASED, look_for_late
from humidor_pos.members.holdings import ERASE, PRIVACY

Make = Callable[..., Any]
SUBSCRIPTION = subscribe(PRIVACY)


async def ask(pos: Any, *events: Event) -> None:
    batch = [
        Received(event=each, event_id=uuid7(), source="/humidor/customers", time=utc_now(), traceparent=None)
        for each in events
    ]
    async with transaction(pos.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, batch)


async def told(pos: Any, kind: type[Any]) -> list[Any]:
    rows = await pos.fetch("SELECT payload FROM outbox WHERE type = $1 ORDER BY id", kind.TYPE)
    return [msgspec.json.decode(row[0], type=kind) for row in rows]


def erasure(member_id: str = "M-1") -> ErasureRequested:
    now = utc_now()
    return ErasureRequested(request_id=uuid7(), member_id=member_id, requested_at=now, due_at=now)


def export(request_id: UUID, key: str, member_id: str = "M-1") -> ExportRequested:
    now = utc_now()
    return ExportRequested(
        request_id=request_id,
        member_id=member_id,
        key_hash=hash_key(key).hex(),
        requested_at=now,
        due_at=now,
    )


def rows(event: PersonErasedByPos) -> dict[str, int]:
    return {part.holding: part.rows for part in event.parts}


async def test_a_member_is_taken_off_sales_and_returns_which_stay_and_again_when_some_come_late(
    pos: Any, till: Any, a_sale: Make, a_return: Make
) -> None:
    sales = [a_sale(member_id="M-1") for _ in range(3)]
    other = a_sale(member_id="M-2")
    for sale in (*sales, other):
        await till.post("/v1/sales", sale)
    await till.post("/v1/returns", a_return(sales[0], member_id="M-1"))
    before = await pos.value("SELECT sum(total) FROM sales")
    request = erasure()
    await ask(pos, request)
    (first,) = await told(pos, PersonErasedByPos)
    assert (first.request_id, first.member_id, rows(first)) == (
        request.request_id,
        "M-1",
        {"sales": 3, "returns": 1},
    )
    assert all("age" in part.stays for part in first.parts)
    shown = await pos.get(f"/v1/sales/{sales[0]['sale_id']}")
    assert (shown["member_id"], shown["age_check"]["passed"], len(shown["lines"])) == (None, True, 2)
    assert (await pos.get("/v1/sales", store_id="S0001", member_id="M-1"))["items"] == []
    assert len((await pos.get("/v1/sales", store_id="S0001", member_id="M-2"))["items"]) == 1
    assert await pos.value("SELECT sum(total) FROM sales") == before
    again = await till.post("/v1/sales", sales[0])
    assert again.status_code == 200

    await till.post("/v1/sales", a_sale(member_id="M-1"))
    for _ in range(2):
        await look_for_late(pos.runtime.pool, PRIVACY, JUST_ERASED, now=utc_now())
    _, late = await told(pos, PersonErasedByPos)
    assert (late.request_id, rows(late)) == (request.request_id, {"sales": 1, "returns": 0})
    assert await pos.value("SELECT count(*) FROM sales WHERE member_id = 'M-1'") == 0
    await till.post("/v1/sales", a_sale(member_id="M-1"))
    await look_for_late(pos.runtime.pool, PRIVACY, JUST_ERASED, now=utc_now() + timedelta(days=3))
    assert len(await told(pos, PersonErasedByPos)) == 2


async def test_what_a_member_bought_is_handed_out_to_who_has_the_key_alone(
    pos: Any, till: Any, a_sale: Make, a_return: Make
) -> None:
    sale = a_sale(member_id="M-1", age_check={"method": "id_seen", "passed": True, "clerk": "li.na"})
    await till.post("/v1/sales", sale)
    await till.post("/v1/sales", a_sale(member_id="M-2"))
    await till.post("/v1/returns", a_return(sale, member_id="M-1"))
    request_id = uuid7()
    key = make_key("hmx", request_id.hex)
    await ask(pos, export(request_id, key))
    (event,) = await told(pos, PersonExportedByPos)
    assert event.reference == f"/v1/person-exports/{request_id}"

    async def fetch(given: str | None, method: str = "GET") -> Any:
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        return await pos.client.request(method, event.reference, headers=headers)

    for wrong in (None, make_key("hmx", request_id.hex), pos.auth()["Authorization"][7:]):
        assert (await fetch(wrong)).status_code == 404
    answer = await fetch(key)
    assert hashlib.sha256(answer.content).hexdigest() == event.sha256
    assert len(answer.content) == event.size_bytes
    document = answer.json()
    assert [each["sale_id"] for each in document["sales"]] == [sale["sale_id"]]
    assert [line["quantity"] for line in document["sales"][0]["lines"]] == [2, 2]
    assert document["sales"][0]["age_check"] == {"method": "id_seen", "passed": True}
    assert [each["reason"] for each in document["returns"]] == ["damaged"]
    assert (await fetch("hmx_1_wrong", "DELETE")).status_code == 204
    assert (await fetch(key)).status_code == 200
    assert (await fetch(key, "DELETE")).status_code == 204
    assert (await fetch(key)).status_code == 404
    await ask(pos, export(request_id, key))
    await ask(pos, erasure())
    assert (await fetch(key)).status_code == 404, "what is erased is not handed out any more"
    await ask(pos, export(request_id, key))
    await look_for_late(pos.runtime.pool, PRIVACY, JUST_ERASED, now=utc_now() + timedelta(days=4))
    assert await pos.value("SELECT count(*) FROM person_exports") == 0


async def test_old_purchases_are_nobodys_by_a_rule(pos: Any, till: Any, a_sale: Make) -> None:
    for days in (1, 40, 400):
        sold_at = (utc_now() - timedelta(days=days)).isoformat()
        await till.post("/v1/sales", a_sale(member_id="M-1", sold_at=sold_at))
    rule = {"keep_days": 90, "reason": "the policy of 2026"}
    headers = pos.auth()
    path = "/v1/retention-rules/purchase_history"
    assert (await pos.client.put(path, json=rule, headers=headers)).status_code == 200
    dry = (await pos.client.post("/v1/retention-runs", json={}, headers=headers)).json()
    assert [each["rows"] for each in dry["outcomes"]] == [1]
    await pos.client.post("/v1/retention-runs", json={"dry_run": False}, headers=headers)
    assert await retention.run_due(pos.runtime.pool, PRIVACY.purposes, now=utc_now())
    kept = await pos.fetch("SELECT sold_at FROM sales WHERE member_id IS NOT NULL ORDER BY sold_at")
    assert len(kept) == 2
    assert await pos.value("SELECT count(*) FROM sales") == 3


async def test_a_member_is_found_in_every_store_by_an_index(pos: Any, till: Any, a_sale: Make) -> None:
    await till.post("/v1/sales", a_sale(member_id="M-1"))
    async with transaction(pos.runtime.pool) as conn:
        await conn.execute("SET LOCAL enable_seqscan = off")
        for table in ("sales", "returns"):
            plan = str(await conn.fetch("EXPLAIN " + ERASE.format(table=table), ["M-1"]))
            assert "Seq Scan" not in plan, plan
            assert "member_id = m.member_id" in plan, plan

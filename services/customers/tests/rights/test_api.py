"""Requests of members about their data: taken, asked of every service, proven, and not kept for ever."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from aiohttp import web

from humidor_common.auth.machine_keys import fits
from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import ErasureRequested, ExportRequested, PrivacyRequestClosed
from humidor_common.events.persons import ErasedPart
from humidor_common.events.pos import PersonErasedByPos, PersonExportedByPos
from humidor_common.ids import uuid7
from humidor_common.messaging import inbox
from humidor_common.messaging.subscription import Received
from humidor_common.privacy import retention
from humidor_common.testing.receiving import Call, receiving
from humidor_customers.rights import service
from humidor_customers.rights.collecting import collect_due
from humidor_customers.rights.consumers import SUBSCRIPTION
from humidor_customers.rights.retention import PURPOSES, ask_unanswered
from humidor_customers.rights.rules import Link, first_broken
from humidor_customers.testing.desk import Desk

PATH = "/v1/privacy-requests"
ADULT = {"outcome": "adult", "method": "id_seen", "checked_on": "2026-11-02"}
CONTACT = {"name": "赵敏", "phone": "13900001111", "email": "zhao@example.com"}
CONSENT = {
    "purpose": "survey",
    "channel": "sms",
    "given": True,
    "source": "paper form",
    "text_version": "2026-03",
}
PERSONAL = ("赵敏", "13900001111", "zhao@example.com", "70007000")


async def join(desk: Desk, member_id: str = "M1", **changes: Any) -> None:
    body = {"member_id": member_id, "store_id": "S0001", "adult": ADULT, "consents": [CONSENT]}
    body |= {"contact": CONTACT, "card_number": f"7000{len(member_id)}{member_id[1:]:0>3}"} | changes
    await desk.ask(
        "POST", "/v1/consumers", json=body, headers={"Idempotency-Key": f"join-{member_id}"}, expect=201
    )


async def request(desk: Desk, kind: str, *, expect: int = 201, **changes: Any) -> Any:
    body = {"kind": kind, "member_id": "M1", "identity_check": "in_person"} | changes
    return await desk.ask("POST", PATH, json=body, expect=expect)


async def answer(desk: Desk, *events: Event) -> None:
    batch = [
        Received(event=each, event_id=uuid7(), source="/humidor/pos", time=utc_now(), traceparent=None)
        for each in events
    ]
    async with transaction(desk.runtime.pool) as conn:
        await inbox.apply_batch(conn, SUBSCRIPTION, batch)


def erased(request_id: str, sales: int) -> PersonErasedByPos:
    part = ErasedPart(holding="sales", rows=sales, stays="the sales without the member")
    return PersonErasedByPos(request_id=UUID(request_id), member_id="M1", parts=[part], erased_at=utc_now())


def exported(request_id: str, document: bytes) -> PersonExportedByPos:
    return PersonExportedByPos(
        request_id=UUID(request_id),
        member_id="M1",
        reference=f"/v1/person-exports/{request_id}",
        sha256=hashlib.sha256(document).hexdigest(),
        size_bytes=len(document),
        expires_at=utc_now() + timedelta(days=3),
    )


async def nowhere(desk: Desk, personal: Sequence[str] = PERSONAL) -> None:
    tables = await desk.runtime.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        rows = await desk.runtime.pool.fetch(f"TABLE {table}")
        text = "\n".join(
            value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row.values()
        )
        for each in personal:
            assert each not in text, table


async def test_a_member_is_forgotten_everywhere_and_the_proof_says_what_where_and_when(desk: Desk) -> None:
    await join(desk, card_number="70007000")
    made = await request(desk, "erasure")
    assert (made["state"], made["overdue"], made["basis"]) == ("running", False, "asked")
    own, others = made["services"]
    assert (own["service"], others["service"], others["answered_at"]) == ("customers", "pos", None)
    assert {part["holding"]: part["rows"] for part in own["parts"]} == {
        "membership": 2,
        "survey_answers": 0,
        "contacts": 0,
        "profile": 0,
        "purchases": 0,
        "mined": 0,
        "files": 0,
        "kept_answers": 1,
        "requests": 0,
    }
    await nowhere(desk)
    asked = [msgspec.json.decode(p, type=ErasureRequested) for _, p in await desk.told(ErasureRequested.TYPE)]
    assert [(str(each.request_id), each.member_id) for each in asked] == [(made["request_id"], "M1")]
    path = f"{PATH}/{made['request_id']}"
    await answer(desk, erased(made["request_id"], 3))
    done = await desk.ask("GET", path)
    assert (done["state"], done["services"][1]["parts"][0]["rows"]) == ("completed", 3)
    closed = await desk.told(PrivacyRequestClosed.TYPE)
    assert [msgspec.json.decode(p, type=PrivacyRequestClosed).outcome for _, p in closed] == ["completed"]

    await answer(desk, erased(made["request_id"], 0))
    await answer(desk, erased(made["request_id"], 2))
    proof = await desk.ask("GET", f"{path}/proof")
    whats = [msgspec.json.decode(each["entry"]) for each in proof["links"]]
    assert [each["what"] for each in whats] == [
        "received",
        "started",
        "erased",
        "erased",
        "completed",
        "erased_late",
    ]
    assert proof["request"]["services"][1]["parts"][0]["rows"] == 5
    assert (proof["in_time"], proof["verified"], proof["head"]) == (True, True, proof["links"][-1])
    for each in proof["links"]:
        assert hashlib.sha256(f"{each['previous']}\n{each['entry']}".encode()).hexdigest() == each["hash"]
    chain = (await desk.ask("GET", "/v1/privacy-ledger", params={"limit": "4"}))["items"]
    assert [each["seq"] for each in chain] == [1, 2, 3, 4]
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await desk.runtime.pool.execute("UPDATE privacy_ledger SET entry = ''")
    assert (await desk.ask("GET", "/v1/consumers/M1"))["ended_why"] == "erased"


async def test_a_member_is_handed_all_its_data_which_no_event_carries(desk: Desk) -> None:
    await join(desk, card_number="70007000")
    made = await request(desk, "export")
    path = f"{PATH}/{made['request_id']}"
    (told,) = await desk.told(ExportRequested.TYPE)
    early = await desk.ask("GET", f"{path}/export", expect=409)
    assert early["code"] == "request-state"
    document = b'{"service":"pos","sales":[{"sale_id":"s-1"}]}'
    keys: list[str] = []

    def give(call: Call) -> web.Response:
        keys.append(call.headers["authorization"].removeprefix("Bearer "))
        return web.Response(body=document, content_type="application/json")

    pool, now = desk.runtime.pool, utc_now()
    async with receiving(give) as pos, httpx.AsyncClient(trust_env=False) as client:
        pos.answers = [lambda _: web.Response(status=503), lambda _: web.Response(body=b"something else")]
        await answer(desk, exported(made["request_id"], document))
        assert await collect_due(pool, client, {}, now=now + timedelta(minutes=1))
        waited = now
        for _ in range(3):
            waited += timedelta(hours=1)
            assert await collect_due(pool, client, {"pos": pos.url}, now=waited)
        assert not await collect_due(pool, client, {"pos": pos.url}, now=waited + timedelta(hours=1))
        assert [call.path for call in pos.calls] == [f"/v1/person-exports/{made['request_id']}"] * 4
    key_hash = msgspec.json.decode(told[1], type=ExportRequested).key_hash
    assert fits(keys[0], bytes.fromhex(key_hash))
    assert keys[0].encode() not in told[1]
    assert (await desk.ask("GET", path))["state"] == "completed"
    answered = await desk.client.get(f"{path}/export", headers=desk.auth())
    export = answered.json()
    assert "attachment" in answered.headers["content-disposition"]
    assert export["services"]["pos"]["sales"] == [{"sale_id": "s-1"}]
    assert export["services"]["customers"]["membership"]["contact"] == CONTACT
    assert export["services"]["customers"]["membership"]["consents"][0]["purpose"] == "survey"
    assert await desk.trail("privacy_export", made["request_id"]) == [("read", None)]
    payloads = b"".join([row[0] for row in await pool.fetch("SELECT payload FROM outbox")]).decode()
    assert not any(each in payloads for each in PERSONAL)
    await request(desk, "erasure")
    gone = await desk.ask("GET", f"{path}/export", expect=410)
    assert gone["code"] == "export-gone"
    await nowhere(desk)


async def test_a_request_waits_until_it_is_clear_who_asks_and_can_be_refused(desk: Desk) -> None:
    await join(desk)
    received = (utc_now() - timedelta(days=40)).isoformat()
    made = await request(desk, "erasure", identity_check=None, received_at=received)
    assert (made["state"], made["overdue"], made["services"]) == ("received", True, [])
    assert await desk.told(ErasureRequested.TYPE) == []
    assert (await desk.ask("GET", "/v1/consumers/M1"))["has_contact"]
    late = (await desk.ask("GET", PATH, params={"overdue": "true", "kind": "erasure"}))["items"]
    assert [each["request_id"] for each in late] == [made["request_id"]]
    path = f"{PATH}/{made['request_id']}"
    await desk.ask("POST", f"{path}:ask-again", expect=409)
    refused = await desk.ask("POST", f"{path}:refuse", json={"why": "identity_unproven"})
    assert (refused["state"], refused["refused_why"]) == ("refused", "identity_unproven")
    await desk.ask("POST", f"{path}:start", json={"identity_check": "document"}, expect=409)
    running = await request(desk, "export")
    other = await request(desk, "erasure", expect=409)
    assert other["code"] == "request-running"
    waiting = await request(desk, "erasure", identity_check=None)
    start = f"{PATH}/{waiting['request_id']}:start"
    await desk.ask("POST", start, json={"identity_check": "document"}, expect=409)
    await desk.ask("POST", f"{PATH}/{running['request_id']}:ask-again")
    assert len(await desk.told(ExportRequested.TYPE)) == 2
    async with transaction(desk.runtime.pool) as conn:
        assert await ask_unanswered(conn, now=utc_now()) == 0
        assert await ask_unanswered(conn, now=utc_now() + timedelta(days=2)) == 1
    ahead = await request(desk, "export", received_at="2199-01-01T00:00:00Z", expect=422)
    assert ahead["errors"][0]["field"] == "received_at"
    await request(desk, "export", member_id="M9", expect=404)
    page = await desk.ask("GET", PATH, params={"limit": "2", "member_id": "M1"})
    rest = await desk.ask("GET", PATH, params={"member_id": "M1", "cursor": page["next_cursor"]})
    assert [len(page["items"]), len(rest["items"])] == [2, 1]


async def test_members_of_other_stores_are_none_of_a_callers_business(desk: Desk) -> None:
    await join(desk, store_id="S0002")
    made = await request(desk, "export", identity_check=None)
    bound: dict[str, Any] = {"headers": desk.auth("manager", stores=["S0001"])}
    path = f"{PATH}/{made['request_id']}"
    for method, where, body in (
        ("GET", path, None),
        ("GET", f"{path}/proof", None),
        ("GET", f"{path}/export", None),
        ("POST", f"{path}:start", {"identity_check": "in_person"}),
        ("POST", f"{path}:refuse", {"why": "unfounded"}),
        ("POST", PATH, {"kind": "erasure", "member_id": "M1"}),
    ):
        await desk.ask(method, where, json=body, **bound, expect=404)
    assert (await desk.ask("GET", PATH, **bound))["items"] == []
    await desk.ask("GET", f"{PATH}?store_id=S0002", **bound, expect=403)
    await desk.ask("GET", "/v1/privacy-ledger", **bound, expect=403)
    clerk: dict[str, Any] = {"headers": desk.auth("clerk")}
    await desk.ask("GET", path, **clerk)
    await desk.ask("GET", f"{path}/export", **clerk, expect=403)
    await desk.ask("POST", f"{path}:start", json={"identity_check": "in_person"}, **clerk, expect=403)


async def test_many_at_once_are_chained_one_after_another_and_nobody_waits_for_ever(desk: Desk) -> None:
    members = [f"M{number}" for number in range(1, 7)]
    for member_id in members:
        await join(desk, member_id)
    await desk.ask("POST", "/v1/consumers/M6:leave", json={"reason": "moved"})
    made = await asyncio.gather(*(request(desk, "erasure", member_id=each) for each in members[:4]))
    ids = [each["request_id"] for each in made]

    async def erase_for_age() -> int:
        async with transaction(desk.runtime.pool) as conn:
            return await service.erase_for_age(conn, ["M6", "M5", "M1"], now=utc_now())

    answers = (answer(desk, *(erased(each, 1) for each in order)) for order in (ids, ids[::-1]))
    again = (desk.ask("POST", "/v1/consumers/M5:erase", json={"reason": "asked"}) for _ in range(2))
    assert 1 in await asyncio.gather(erase_for_age(), *answers, *again)
    states = {each["member_id"]: each["state"] for each in (await desk.ask("GET", PATH))["items"]}
    assert states == dict.fromkeys(members[:4], "completed") | {"M5": "running", "M6": "running"}
    chain = (await desk.ask("GET", "/v1/privacy-ledger"))["items"]
    assert [each["seq"] for each in chain] == list(range(1, len(chain) + 1))
    assert first_broken([Link(**each) for each in chain]) is None


async def test_who_left_long_ago_is_erased_by_a_rule_that_was_tried_out_first(desk: Desk) -> None:
    for member_id in ("M1", "M2", "M3"):
        await join(desk, member_id)
    for member_id in ("M1", "M2"):
        await desk.ask("POST", f"/v1/consumers/{member_id}:leave", json={"reason": "moved"})
    pool = desk.runtime.pool
    await pool.execute("UPDATE consumers SET ended_at = now() - interval '400 days' WHERE member_id = 'M1'")
    rules = {each["purpose"]: each for each in (await desk.ask("GET", "/v1/retention-rules"))["items"]}
    assert {name: each["keep_days"] for name, each in rules.items()} == {
        "ended_memberships": None,
        "exports": 30,
    }
    path = "/v1/retention-rules/ended_memberships"
    rule = {"keep_days": 365, "reason": "the policy of 2026"}
    await desk.ask("PUT", path, json=rule, headers={"If-Match": '"4"'}, expect=412)
    assert (await desk.ask("PUT", path, json=rule))["version"] == 1
    assert (await desk.ask("PUT", path, json=rule | {"keep_days": 0}, expect=422))["errors"]
    await desk.ask("PUT", "/v1/retention-rules/nothing", json=rule, expect=404)
    dry = await desk.ask("POST", "/v1/retention-runs", json={}, expect=201)
    assert [(each["purpose"], each["rows"]) for each in dry["outcomes"]] == [
        ("ended_memberships", 1),
        ("exports", 0),
    ]
    assert (await desk.ask("GET", "/v1/consumers/M1"))["ended_why"] == "left"
    assert not await retention.run_due(pool, PURPOSES, now=utc_now())
    for _ in range(2):
        async with transaction(pool) as conn:
            await retention.ask_daily(conn, now=utc_now())
    assert await retention.run_due(pool, PURPOSES, now=utc_now())
    assert not await retention.run_due(pool, PURPOSES, now=utc_now())
    whys = [(await desk.ask("GET", f"/v1/consumers/M{n}"))["ended_why"] for n in (1, 2, 3)]
    assert whys == ["erased", "left", None]
    (made,) = (await desk.ask("GET", PATH))["items"]
    assert (made["basis"], made["member_id"], made["received_by"]) == ("retention", "M1", "retention")
    runs = (await desk.ask("GET", "/v1/retention-runs"))["items"]
    assert [(each["dry_run"], each["requested_by"], each["outcomes"][0]["rows"]) for each in runs] == [
        (False, "daily", 1),
        (True, "tester", 1),
    ]
    await pool.execute("UPDATE privacy_answers SET document = 'x', fetched_at = now() - interval '31 days'")
    await desk.ask("POST", "/v1/retention-runs", json={"dry_run": False}, expect=201)
    assert await retention.run_due(pool, PURPOSES, now=utc_now())
    assert await pool.fetchval("SELECT count(*) FROM privacy_answers WHERE document IS NOT NULL") == 0
    for bad in (desk.auth("manager"), desk.auth("admin", stores=["S0001"])):
        await desk.ask("GET", "/v1/retention-rules", headers=bad, expect=403)
        await desk.ask("POST", "/v1/retention-runs", json={}, headers=bad, expect=403)

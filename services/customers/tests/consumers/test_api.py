"""Members over HTTP: adults alone, consent with its history, and data that can be erased."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import ConsentChanged, ConsumerJoined, MembershipEnded
from humidor_customers.consumers.queries import forgotten
from humidor_customers.testing.desk import Desk

ADULT = {"outcome": "adult", "method": "id_seen", "checked_on": "2026-11-02"}
CONTACT = {"name": "赵敏", "phone": "13900001111"}
TYPES = (ConsumerJoined.TYPE, ConsentChanged.TYPE, MembershipEnded.TYPE)


def consent(**changes: Any) -> dict[str, Any]:
    return {
        "purpose": "survey",
        "channel": "sms",
        "given": True,
        "source": "paper form",
        "text_version": "2026-03",
    } | changes


async def join(desk: Desk, member_id: str = "M1", *, expect: int = 201, **changes: Any) -> Any:
    body = {"member_id": member_id, "store_id": "S0001", "adult": ADULT} | changes
    return await desk.ask("POST", "/v1/consumers", json=body, expect=expect)


async def test_a_member_joins_and_only_what_was_allowed_is_told(desk: Desk) -> None:
    made = await join(desk, card_number="8001-0023", contact=CONTACT, consents=[consent()])
    assert (made["adult_verified"], made["adult_method"], made["has_contact"]) == (True, "id_seen", True)
    assert "name" not in made
    found = await desk.ask("GET", "/v1/consumers/M1")
    assert found == made
    assert [(each["purpose"], each["channel"], each["given"]) for each in found["consents"]] == [
        ("survey", "sms", True)
    ]
    assert await desk.ask("GET", "/v1/consumers/M1/contact") == {"member_id": "M1", "email": None} | CONTACT
    told = await desk.told(*TYPES)
    assert [name for name, _ in told] == [ConsumerJoined.TYPE, ConsentChanged.TYPE]
    joined = msgspec.json.decode(told[0][1], type=ConsumerJoined)
    assert (joined.member_id, joined.store_id, joined.adult_verified) == ("M1", "S0001", True)
    assert await desk.trail("consumer_contact", "M1") == [("read", None)]
    assert (await join(desk, expect=409))["code"] == "member-exists"
    for telling in ("13812345678", "11010119900307451X"):
        assert (await join(desk, telling, expect=422))["errors"][0]["field"] == "member_id"
    taken = await join(desk, "M2", card_number="8001-0023", expect=422)
    assert taken["errors"][0]["field"] == "card_number"


async def test_who_is_not_an_adult_is_no_member_and_the_rule_is_named(desk: Desk) -> None:
    minor = ADULT | {"outcome": "minor"}
    refused = await join(desk, adult=minor, expect=422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("not-an-adult", "adult.outcome")
    assert "Protection of Minors" in refused["detail"]
    await desk.ask("GET", "/v1/consumers/M1", expect=404)
    assert await desk.told(*TYPES) == []
    await join(desk, adult={"outcome": "unchecked"}, consents=[consent()], contact=CONTACT)
    path = "/v1/consumers/M1/adult-checks"
    await desk.ask("POST", path, json={"outcome": "unchecked"}, expect=422)
    checked = await desk.ask("POST", path, json=ADULT)
    assert checked["adult_verified"]
    ended = await desk.ask("POST", path, json=minor)
    assert (ended["ended_why"], ended["adult_verified"]) == ("not_an_adult", False)
    assert [each["given"] for each in ended["consents"]] == [False]
    name, payload = (await desk.told(*TYPES))[-1]
    assert name == MembershipEnded.TYPE
    assert msgspec.json.decode(payload, type=MembershipEnded).why == "not_an_adult"
    again = await desk.ask("POST", path, json=ADULT, expect=409)
    assert again["code"] == "membership-ended"


async def test_consent_is_given_and_withdrawn_and_its_history_cannot_be_changed(desk: Desk) -> None:
    await join(desk, consents=[consent(), consent(channel="phone", given=False)])
    path = "/v1/consumers/M1/consents"
    headers = {"Idempotency-Key": "c-1"}
    body = {"consents": [consent(given=False, source="app")]}
    await desk.ask("POST", path, json=body, headers=headers, expect=201)
    held = await desk.ask("POST", path, json=body, headers=headers, expect=201)
    assert [(each["channel"], each["given"], each["source"]) for each in held["consents"]] == [
        ("phone", False, "paper form"),
        ("sms", False, "app"),
    ]
    late = {"consents": [consent(decided_at="2020-01-01T00:00:00Z", source="old paper")]}
    unchanged = await desk.ask("POST", path, json=late, expect=201)
    assert unchanged["version"] == held["version"]
    history = await desk.ask("GET", path, params={"limit": "2"})
    assert [each["source"] for each in history["items"]] == ["old paper", "app"]
    rest = await desk.ask("GET", path, params={"cursor": history["next_cursor"]})
    assert len(rest["items"]) == 2
    told = [msgspec.json.decode(p, type=ConsentChanged) for _, p in await desk.told(ConsentChanged.TYPE)]
    assert [(each.channel, each.given) for each in told] == [("sms", True), ("phone", False), ("sms", False)]
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await desk.runtime.pool.execute("UPDATE consents SET given = true")
    ahead = {"consents": [consent(decided_at="2999-01-01T00:00:00Z")]}
    problem = await desk.ask("POST", path, json=ahead, expect=422)
    assert problem["errors"][0]["field"] == "consents[0].decided_at"


async def test_members_are_found_by_what_they_allow(desk: Desk) -> None:
    await join(desk, "M1", consents=[consent()])
    await join(desk, "M2", consents=[consent(given=False)], card_number="9999")
    await join(desk, "M3", consents=[consent()], store_id="S0002", adult={"outcome": "unchecked"})
    await desk.ask("POST", "/v1/consumers/M2:leave", json={"reason": "moved"})
    for filters, ids in (
        ({}, ["M1", "M2", "M3"]),
        ({"purpose": "survey", "channel": "sms"}, ["M1", "M3"]),
        ({"purpose": "survey", "channel": "sms", "store_id": "S0002"}, ["M3"]),
        ({"purpose": "recall", "channel": "sms"}, []),
        ({"adult_verified": "false"}, ["M3"]),
        ({"live": "false"}, ["M2"]),
        ({"card_number": "9999"}, ["M2"]),
    ):
        found = await desk.ask("GET", "/v1/consumers", params=filters)
        assert [each["member_id"] for each in found["items"]] == ids, filters
    problem = await desk.ask("GET", "/v1/consumers", params={"purpose": "survey"}, expect=422)
    assert problem["errors"][0]["field"] == "channel"
    page = await desk.ask("GET", "/v1/consumers", params={"limit": "2"})
    rest = await desk.ask("GET", "/v1/consumers", params={"cursor": page["next_cursor"]})
    assert [each["member_id"] for each in rest["items"]] == ["M3"]


async def test_erasing_leaves_nothing_of_the_person_anywhere(desk: Desk) -> None:
    await join(desk, card_number="70007000", contact=CONTACT, consents=[consent()])
    await desk.ask("PUT", "/v1/consumers/M1/contact", json=CONTACT | {"email": "zhao@example.com"})
    erased = await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for it"})
    assert (erased["ended_why"], erased["card_number"], erased["has_contact"]) == ("erased", None, False)
    again = await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for it"})
    assert again == erased
    contact = await desk.ask("GET", "/v1/consumers/M1/contact")
    assert (contact["name"], contact["phone"]) == (None, None)
    tables = await desk.runtime.pool.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    for (table,) in tables:
        text = str(await desk.runtime.pool.fetch(f"TABLE {table}"))
        for personal in ("赵敏", "13900001111", "zhao@example.com", "70007000"):
            assert personal not in text, table
    payloads = b"".join([payload for _, payload in await desk.told(*TYPES)])
    assert "赵敏".encode() not in payloads
    whys = [
        msgspec.json.decode(p, type=MembershipEnded).why for _, p in await desk.told(MembershipEnded.TYPE)
    ]
    assert whys == ["erased"]
    await desk.ask("PUT", "/v1/consumers/M1", json={"store_id": "S0001"}, expect=409)


async def test_a_member_changes_card_and_store_under_its_version(desk: Desk) -> None:
    await join(desk)
    answer = await desk.client.get("/v1/consumers/M1", headers=desk.auth())
    body = {"store_id": "S0002", "card_number": "1234"}
    etag = {"If-Match": answer.headers["etag"]}
    changed = await desk.ask("PUT", "/v1/consumers/M1", json=body, headers=etag)
    assert (changed["store_id"], changed["version"]) == ("S0002", 2)
    assert (await desk.ask("PUT", "/v1/consumers/M1", json=body))["version"] == 2
    stale = await desk.ask("PUT", "/v1/consumers/M1", json=body, headers=etag, expect=412)
    assert stale["code"] == "precondition-failed"
    unknown = await desk.ask("PUT", "/v1/consumers/M1", json=body | {"store_id": "S9"}, expect=422)
    assert unknown["errors"][0]["field"] == "store_id"


async def test_a_caller_of_one_store_meets_its_members_alone_and_readers_never_learn_who(desk: Desk) -> None:
    await join(desk, "M1", contact=CONTACT)
    await join(desk, "M2", store_id="S0002")
    bound: dict[str, Any] = {"headers": desk.auth("manager", stores=["S0001"])}
    listed = await desk.ask("GET", "/v1/consumers", **bound)
    assert [each["member_id"] for each in listed["items"]] == ["M1"]
    for method, path, body in (
        ("GET", "/v1/consumers/M2", None),
        ("GET", "/v1/consumers/M2/contact", None),
        ("GET", "/v1/consumers/M2/consents", None),
        ("GET", "/v1/consumers/M2/history", None),
        ("POST", "/v1/consumers/M2:erase", {"reason": "x"}),
        ("POST", "/v1/consumers/M2/adult-checks", ADULT),
    ):
        await desk.ask(method, path, json=body, **bound, expect=404)
    new = {"store_id": "S0002", "adult": ADULT}
    await desk.ask("POST", "/v1/consumers", json=new, **bound, expect=403)
    await desk.ask("PUT", "/v1/consumers/M1", json={"store_id": "S0002"}, **bound, expect=403)
    clerk: dict[str, Any] = {"headers": desk.auth("clerk")}
    await desk.ask("GET", "/v1/consumers/M1", **clerk)
    await desk.ask("GET", "/v1/consumers/M1/contact", **clerk, expect=403)


async def test_however_many_members_a_rebuild_meets_it_takes_a_bounded_number_of_locks(desk: Desk) -> None:
    """PostgreSQL keeps the locks of a transaction in a table of fixed size."""
    await join(desk, "M1")
    async with transaction(desk.runtime.pool) as conn:
        assert await forgotten(conn, [f"M{number}" for number in range(20_000)]) == set()
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        assert await conn.fetchval(held) <= 1024
        changed = asyncio.create_task(desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "x"}))
        await desk.until_blocked()
    await changed

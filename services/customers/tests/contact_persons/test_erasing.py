"""A contact person of a trade customer is handed its data, and forgotten wherever it stands."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from humidor_common.events.customers import ContactRequestClosed
from humidor_customers.contact_persons.places import STAYS
from humidor_customers.exchange.rules import digest_of
from humidor_customers.testing.desk import Desk, licence

PATH = "/v1/privacy-requests"
WANG = {"name": "王芳芳", "role": "owner", "phone": "13812345678", "email": "wang.ff@example.com"}
LI = {"name": "李雷", "role": "clerk", "phone": "13900001111", "email": None}
WORDS = ("王芳芳", "13812345678", "wang.ff@example.com", "wxid_wangff", "138****78")
SAID = "请找王芳芳 138 1234 5678 (wang.ff@example.com)"
CUSTOMER = {"kind": "retailer", "id": "C1"}
PERSON = {"retailer_id": "C1", "name": "王芳芳", "handles": ["wxid_wangff"]}


async def put_row(desk: Desk, table: str, **values: Any) -> None:
    """Insert a row; what it needs and nobody has given is something of its type."""
    columns = await desk.runtime.pool.fetch(
        """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull
             AND NOT atthasdef""",
        table,
    )
    made = {
        "text": "x",
        "uuid": uuid4(),
        "jsonb": {},
        "boolean": True,
        "integer": 1,
        "bigint": 1,
        "smallint": 1,
        "bytea": b"x",
        "text[]": [],
        "date": date(2026, 11, 26),
    }
    for name, kind in columns:
        if name not in values:
            values[name] = made.get(kind)
    values = {name: value for name, value in values.items() if value is not None}
    now = [name for name, kind in columns if kind == "timestamp with time zone" and name not in values]
    names = [*values, *now]
    places = [f"${n}" for n, _ in enumerate(values, 1)] + ["now()" for _ in now]
    await desk.runtime.pool.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(places)})",  # noqa: S608
        *values.values(),
    )


async def live_with(desk: Desk) -> None:
    """Let people write about the customer all that can be written, by HTTP as far as there is a way."""
    await desk.ask("PUT", "/v1/custom-fields/remark", json={"label": "Remark", "kind": "text"}, expect=201)
    await desk.put("C2", contacts=[WANG], store_ids=["S0002"])
    for contacts in ([WANG, LI], [WANG | {"role": "boss"}, LI]):
        await desk.put(
            "C1", contacts=contacts, custom={"remark": SAID}, store_ids=["S0001"], name="王芳芳便利店"
        )
    merge = {"survivor_id": "C1", "merged_id": "C2", "reason": f"one shop, said {SAID}"}
    await desk.ask("POST", "/v1/merges", json=merge, expect=201, headers={"Idempotency-Key": "m"})
    check = {"status": "active", "source": "bureau", "reason": SAID}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    await desk.ask("POST", "/v1/retailers/C1/notes", json={"text": f"Deliver at noon; {SAID}"}, expect=201)
    call = {
        "customer": CUSTOMER,
        "medium": "call",
        "direction": "in",
        "purpose": "service",
        "occurred_at": "2026-11-20T02:00:00Z",
        "outcome": SAID,
        "subject": SAID,
        "text": f"Two cartons short. {SAID}",
    }
    await desk.ask("POST", "/v1/interactions", json=call, expect=201, headers={"Idempotency-Key": "i"})
    task = {
        "customer": CUSTOMER,
        "kind": "call",
        "title": SAID,
        "note": SAID,
        "due_at": "2027-01-01T00:00:00Z",
        "assignee": "a",
    }
    await desk.ask("POST", "/v1/tasks", json=task, expect=201)
    plan = {"planned_on": "2026-11-26", "visitor": "tester", "stops": [{"retailer_id": "C1"}]}
    (visit,) = (await desk.ask("POST", "/v1/visit-plans", json=plan, expect=201))["visits"]
    done = {"arrived_at": "2026-11-26T01:00:00Z", "left_at": "2026-11-26T01:30:00Z", "outcome": SAID}
    await desk.ask("POST", f"/v1/visits/{visit['visit_id']}:complete", json=done | {"note": SAID})
    presale = {"kind": "consultation", "customer": CUSTOMER, "subject": SAID, "owner": "a"}
    asked = await desk.ask("POST", "/v1/presales", json=presale, expect=201)
    step = {"state": "lost", "note": SAID}
    await desk.ask("POST", f"/v1/presales/{asked['presale_id']}/steps", json=step)
    await orders_and_others(desk)


async def orders_and_others(desk: Desk) -> None:
    """Plant words where only whole systems would write them."""
    cycle, order, run, scheme = uuid4(), uuid4(), uuid4(), uuid4()
    of = {"retailer_id": "C1"}
    pool = desk.runtime.pool
    await put_row(desk, "channel_accounts", account_id="wc", adapter="bridge")
    for handle in ("wxid_wangff", "wxid_li"):
        await put_row(
            desk, "channel_handles", account_id="wc", handle=handle, party_kind="retailer", party_id="C1"
        )
    for n, (party, address) in enumerate(
        (("C1", "wxid_wangff"), (None, "WANG.FF@example.com"), ("C1", "wxid_li"))
    ):
        message = uuid4()
        kind = "retailer" if party else None
        await put_row(
            desk,
            "interactions",
            interaction_id=message,
            party_kind=kind,
            party_id=party,
            medium="wechat",
            direction="in",
            state="received",
            account_id="wc",
            provider_id=f"p{n}",
        )
        await put_row(desk, "interaction_texts", interaction_id=message, address=address, text="hello")
    await pool.execute(
        "INSERT INTO order_cycles VALUES ($1, 'W1', '2026-11-23', '2026-11-29', 1, now(), 'x')", cycle
    )
    await put_row(
        desk,
        "orders",
        order_id=order,
        cycle_id=cycle,
        store_id="S0004",
        state="delivered",
        stock="reserved",
        payment="paid",
        currency="CNY",
        note=SAID,
        closed_reason=SAID,
        proof={"received_by": "王芳芳"},
        **of,
    )
    await put_row(desk, "order_claims", order_id=order, evidence=SAID, decided_reason=SAID, state="open")
    await put_row(desk, "order_debits", order_id=order, outcome="failed", reason=SAID)
    closes_at = datetime(2099, 1, 1, tzinfo=UTC)
    await put_row(desk, "window_exceptions", cycle_id=cycle, reason=SAID, closes_at=closes_at, **of)
    await put_row(
        desk,
        "tier_schemes",
        scheme_id=scheme,
        direction="highest_is_best",
        state="draft",
        cadence="weekly",
        tiers=2,
    )
    await put_row(desk, "retailer_tiers", scheme_id=scheme, override_reason=SAID, **of)
    await put_row(desk, "survey_responses", source="file", answers={"Q1": SAID}, **of)
    await put_row(
        desk,
        "duplicate_candidates",
        first_id="C1",
        second_id="C9",
        reasons=[{"said": SAID}],
        state="open",
        score=1,
    )
    file = uuid4()
    await put_row(desk, "exports", export_id=file, path="/v1/retailers?name=王芳芳", members=True)
    await put_row(desk, "export_parts", export_id=file, content=SAID.encode())
    await put_row(desk, "connectors", connector_id="crm", kind="zoho")
    shadow = {
        "name": "王芳芳便利店",
        "contact.name": "王芳芳",
        "contact.role": "owner",
        "custom.remark": SAID,
    }
    await put_row(desk, "crm_links", connector_id="crm", remote_id="7", state="live", shadow=shadow, **of)
    await put_row(desk, "sync_runs", run_id=run, connector_id="crm", state="done", phase="push")
    await put_row(
        desk, "sync_items", run_id=run, direction="in", fields={"custom.remark": {"to": SAID}}, **of
    )
    await put_row(
        desk,
        "sync_failures",
        connector_id="crm",
        direction="in",
        state="open",
        errors=[{"message": SAID}],
        **of,
    )
    await put_row(
        desk, "hook_messages", connector_id="crm", answer={"results": [of | {"errors": [{"message": SAID}]}]}
    )


async def left(desk: Desk) -> list[str]:
    """Name the tables in which a word of hers stands."""
    tables = await desk.runtime.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = []
    for (table,) in tables:
        rows = await desk.runtime.pool.fetch(f"TABLE {table}")
        # What the shop is found and compared by is made of its name.
        values = [v for row in rows for name, v in row.items() if name not in ("search_name", "name_key")]
        text = "\n".join(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values)
        text = text.replace("王芳芳便利店", "")
        if any(word in text for word in (*WORDS, "138 1234 5678")):
            found.append(table)
    return found


async def test_a_contact_person_is_forgotten_wherever_it_stands_and_the_business_stays(desk: Desk) -> None:
    await desk.put("C9")
    await live_with(desk)
    body = {"kind": "export", "contact": PERSON, "identity_check": "document"}
    export = await desk.ask("POST", PATH, json=body, expect=201)
    assert (export["state"], export["member_id"], export["retailer_id"]) == ("completed", None, "C1")
    assert [each["service"] for each in export["services"]] == ["customers"]
    gathered = await desk.ask("GET", f"{PATH}/{export['request_id']}/export")
    own = gathered["services"]["customers"]
    assert WANG | {"role": "boss"} in own["contacts"]
    empty = {name for name in STAYS if not own[name]}
    assert empty == {"files", "kept_answers", "requests"}
    assert [each["handle"] for each in own["channel_names"]] == ["wxid_wangff"]

    before = await desk.get("C1")
    waiting = await desk.ask("POST", PATH, json={"kind": "erasure", "contact": PERSON}, expect=201)
    assert (waiting["state"], waiting["person"]["name"]) == ("received", "王芳芳")
    path = f"{PATH}/{waiting['request_id']}"
    done = await desk.ask("POST", f"{path}:start", json={"identity_check": "call_back"})
    assert (done["state"], done["person"]) == ("completed", None)
    parts = {each["holding"]: each["rows"] for each in done["services"][0]["parts"]}
    assert [name for name, rows in parts.items() if rows == 0] == []
    assert parts["contacts"] == 3
    assert await left(desk) == []

    after = await desk.get("C1")
    assert [each["name"] for each in after["contacts"]] == ["李雷"]
    assert (after["version"], after["name"]) == (before["version"] + 1, "王芳芳便利店")
    assert after["licence_number"] == licence(1)
    pool = desk.runtime.pool
    assert await pool.fetchval("SELECT note FROM orders") == "请找[erased] [erased] ([erased])"
    assert await pool.fetchval("SELECT count(*) FROM interactions") == 4
    addresses = await pool.fetchval("SELECT array_agg(address) FROM interaction_texts WHERE address > ''")
    assert addresses == ["wxid_li"]
    shadow = await pool.fetchval("SELECT shadow FROM crm_links WHERE owed")
    assert (shadow["contact.name"], shadow["name"]) == (digest_of("王芳芳"), "王芳芳便利店")
    proof = await desk.ask("GET", f"{path}/proof")
    assert (proof["verified"], proof["in_time"]) == (True, True)
    entries = [msgspec.json.decode(each["entry"]) for each in proof["links"]]
    assert [each["what"] for each in entries] == ["received", "started", "erased", "completed"]
    closed = [
        msgspec.json.decode(p, type=ContactRequestClosed)
        for _, p in await desk.told(ContactRequestClosed.TYPE)
    ]
    assert [(each.retailer_id, each.kind, each.outcome) for each in closed] == [
        ("C1", "export", "completed"),
        ("C1", "erasure", "completed"),
    ]
    (merge,) = (await desk.ask("GET", "/v1/merges"))["items"]
    await desk.ask("POST", f"/v1/merges/{merge['merge_id']}:undo", json={"reason": "two shops"})
    assert [(await desk.get(each))["contacts"] for each in ("C1", "C2")] == [after["contacts"], []]
    assert await left(desk) == []


async def test_the_trail_stays_append_only_but_for_words_of_an_erased_person(desk: Desk) -> None:
    await desk.put("C1", contacts=[WANG])
    pool = desk.runtime.pool
    changes = ("UPDATE audit_trail SET reason = 'x'", "DELETE FROM audit_trail", "TRUNCATE audit_trail")
    for change in changes:
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await pool.execute(change)
    for change in ("UPDATE audit_trail SET actor = 'x'", "DELETE FROM audit_trail"):
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SET LOCAL humidor.erasure = 'on'")
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await conn.execute(change)


async def test_requests_of_contact_persons_are_checked_and_seen_by_stores(desk: Desk) -> None:
    await desk.put("C1", contacts=[WANG], store_ids=["S0001"])
    asked = {"kind": "erasure", "contact": PERSON}
    for wrong in (
        {"kind": "erasure"},
        asked | {"member_id": "M1"},
        asked | {"contact": PERSON | {"name": ""}},
    ):
        assert (await desk.ask("POST", PATH, json=wrong, expect=422))["errors"]
    await desk.ask("POST", PATH, json=asked | {"contact": PERSON | {"retailer_id": "C7"}}, expect=404)
    own, stranger = desk.auth("manager", stores=["S0001"]), desk.auth("manager", stores=["S0002"])
    await desk.ask("POST", PATH, json=asked, headers=stranger, expect=404)
    made = await desk.ask("POST", PATH, json=asked, headers=own, expect=201)
    path = f"{PATH}/{made['request_id']}"
    await desk.ask("GET", path, headers=stranger, expect=404)
    (listed,) = (await desk.ask("GET", PATH, params={"retailer_id": "C1"}, headers=own))["items"]
    assert listed["request_id"] == made["request_id"]
    assert (await desk.ask("GET", PATH, headers=stranger))["items"] == []
    refused = await desk.ask("POST", f"{path}:refuse", json={"why": "identity_unproven"}, headers=own)
    assert (refused["state"], refused["person"]) == ("refused", None)
    assert (await desk.get("C1"))["contacts"] == [WANG]

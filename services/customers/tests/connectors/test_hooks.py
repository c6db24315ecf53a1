"""A system that sends its records by itself, signed, each once."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.delivery.signing import is_signed, webhook_headers, webhook_key
from humidor_common.testing.hostile import LONG_STRINGS, STRINGS
from humidor_customers.testing.desk import licence
from humidor_customers.testing.exchange_desk import ExchangeDesk

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
FIELDS = [
    {"ours": "name", "theirs": "shop"},
    {"ours": "licence_number", "theirs": "licence"},
    {"ours": "contact.phone", "theirs": "phone"},
]
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=50), st.text(max_size=20), st.integers(-600, 600))
def test_a_message_is_signed_for_its_id_time_and_body_within_five_minutes(
    body: bytes, message_id: str, seconds: int
) -> None:
    key, sent_at = webhook_key(SECRET), NOW + timedelta(seconds=seconds)
    message_id = message_id.encode("ascii", "ignore").decode()
    headers = webhook_headers(message_id, SECRET, body, now=sent_at)
    message = (message_id, headers["webhook-timestamp"], body)
    signature = f"v1,xx v2,yy {headers['webhook-signature']} ü"
    assert is_signed(key, message, signature, now=NOW) == (abs(seconds) <= 300)
    for other in ((message_id + "x", *message[1:]), (*message[:2], body + b"x"), (message_id, "x", body)):
        assert not is_signed(key, other, signature, now=NOW)
    assert not is_signed(b"b" * 32, message, signature, now=NOW)


@pytest.fixture
async def hook(zoho: ExchangeDesk) -> ExchangeDesk:
    zoho.connector_id = "erp"
    await zoho.connect(
        kind="webhook",
        name="ERP",
        secrets={"signing_secret": SECRET},
        mapping={"object": "Shops", "fields": FIELDS},
    )
    return zoho


async def send(
    hook: ExchangeDesk,
    message_id: str,
    *records: Any,
    expect: int = 200,
    secret: str = SECRET,
    to: str = "erp",
) -> Any:
    content = json.dumps({"type": "shop.changed", "data": {"records": records}}).encode()
    headers = webhook_headers(message_id, secret, content, now=datetime.now(UTC))
    answer = await hook.desk.client.post(f"/v1/hooks/{to}", content=content, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.json()


def record(remote_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": remote_id, "fields": fields}


async def test_records_come_each_by_itself_and_a_message_once(hook: ExchangeDesk) -> None:
    await hook.desk.put("C1", name="known", licence_number=licence(1))
    sent = [
        record("a", shop="A", licence=licence(1)),
        record("b", shop="B", licence=licence(2), phone="=1+1"),
        record("c", shop="C", licence="12"),
    ]
    first = await send(hook, "m1", *sent)
    assert [(each["id"], each["outcome"]) for each in first["results"]] == [
        ("a", "linked"),
        ("b", "created"),
        ("c", "failed"),
    ]
    assert first["results"][2]["errors"][0]["field"] == "licence_number"
    assert await send(hook, "m1", *sent) == first
    assert (await send(hook, "m1", sent[0], expect=422))["code"] == "message-id-reused"
    (failure,) = await hook.failures(connector_id="erp")
    assert (failure["remote_id"], failure["code"], failure["run_id"]) == ("c", "invalid", None)
    path = f"/v1/sync-failures/{failure['failure_id']}:retry"
    assert (await hook.desk.ask("POST", path, json={}, expect=409))["code"] == "not-asked"
    later = await send(hook, "m2", record("c", shop="C", licence=licence(3)), record("b", shop="B2"))
    assert [each["outcome"] for each in later["results"]] == ["created", "changed"]
    assert await hook.failures() == []
    second = await hook.by_licence(licence(2))
    assert (second["name"], second["contacts"][0]["phone"]) == ("B2", "=1+1")
    gone = await send(hook, "m3", {"id": "b", "deleted": True}, {"id": "z", "deleted": True})
    assert [each["outcome"] for each in gone["results"]] == ["gone", "unchanged"]
    csv = (await hook.desk.client.get("/v1/retailers?format=csv", headers=hook.desk.auth())).text
    assert "=1+1" in csv
    assert ",=1+1" not in csv


async def test_what_is_not_signed_or_cannot_be_read_changes_nothing(hook: ExchangeDesk) -> None:
    other = "whsec_" + base64.b64encode(b"b" * 32).decode()
    good = record("a", shop="A", licence=licence(1))
    for problem in (
        await send(hook, "m", good, expect=401, secret=other),
        await send(hook, "m", good, expect=401, to="nobody"),
        await send(hook, "m", good, expect=401, to="crm"),
        await send(hook, "", good, expect=401),
    ):
        assert problem["code"] == "not-signed"
    assert (await send(hook, "m", expect=422))["errors"][0]["field"] == "data.records"
    await send(hook, "m", {"id": "a", "fields": {}, "colour": 1}, expect=422)
    await hook.desk.ask("POST", "/v1/connectors/erp/runs", json={}, expect=409)
    for n, text in enumerate([*STRINGS, *LONG_STRINGS]):
        if text.encode("utf-8", "ignore").decode() == text:
            answer = await send(hook, f"h{n}", record("h", shop=text, licence=licence(9), phone={"x": text}))
            assert answer["results"][0]["outcome"] == "failed"
    assert await hook.desk.ids() == []


async def test_failures_that_are_settled_are_forgotten_after_ninety_days(hook: ExchangeDesk) -> None:
    ids = ("old", "new", "open")
    await send(hook, "m1", *(record(each, shop="x", licence="12") for each in ids))
    await send(hook, "m2", *(record(each, shop="x", licence=licence(n)) for n, each in enumerate(ids[:2])))
    await hook.desk.runtime.pool.execute(
        """UPDATE sync_failures
           SET last_at = now() - make_interval(days => CASE remote_id WHEN 'new' THEN 89 ELSE 91 END)"""
    )
    await send(hook, "m3", record("else", shop="y", licence=licence(9)))
    (solved,) = await hook.failures(state="solved")
    assert (solved["remote_id"], [each["remote_id"] for each in await hook.failures()]) == ("new", ["open"])

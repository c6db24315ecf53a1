"""Messages go out over real wire formats, to consumers with consent alone, and leave no trace of whom."""

from typing import Any

from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.testing.receiving import verified
from humidor_customers.interactions.holdings import disclose
from humidor_customers.testing.office import WEBHOOK_SECRET, Office
from humidor_customers.testing.providers import SECRET_KEY

RETAILER: Any = {"contacts": [{"name": "王芳", "phone": "138 1234 5678", "email": "wang@shop.cn"}]}
PERSONAL = ("13812345678", "138 1234 5678", "wang@shop.cn", "王芳", "您好", "wm1", "nobody@shop.cn")


async def everything(pool: Pool, *but: str) -> str:
    """Give the contents of all tables that are not meant for personal data."""
    tables = await pool.fetch("SELECT relname FROM pg_stat_user_tables WHERE relname <> ALL($1::text[])", but)
    rows = [await pool.fetch(f"SELECT to_jsonb(t)::text FROM {name} t") for (name,) in tables]  # noqa: S608
    payloads = await pool.fetch("SELECT convert_from(payload, 'UTF8') FROM outbox")
    return "\n".join(row[0] for row in [*(row for each in rows for row in each), *payloads])


async def test_a_trade_customer_is_reached_over_every_channel_and_the_deliveries_name_nobody(
    office: Office,
) -> None:
    await office.put("C1", **RETAILER)
    for account in ("wecom", "bridge"):
        body = {"handle": "wm1", "customer": {"kind": "retailer", "id": "C1"}}
        await office.message("C1", account, expect=422)
        await office.ask("POST", f"/v1/channels/{account}/handles", json=body, expect=201)
    messages = {
        each: await office.message("C1", each, purpose="ordering", subject="货源")
        for each in ("mail", "sms", "wecom", "bridge")
    }
    assert {each["state"] for each in messages.values()} == {"queued"}
    assert await office.send_due() == 4
    assert [await office.state(each) for each in messages.values()] == [("sent", None)] * 4

    (mail,) = office.mails.taken
    assert (mail["To"], mail["Subject"], mail.get_content().strip()) == ("wang@shop.cn", "货源", "您好")
    (sms,) = office.sms.calls
    assert sms.document["PhoneNumberSet"] == ["+8613812345678"]
    assert (sms.document["TemplateId"], sms.document["TemplateParamSet"]) == ("1110", ["12:00"])
    (said,) = office.wecom.sent.values()
    assert (said["touser"], said["open_kfid"], said["text"]) == ("wm1", "wk1", {"content": "您好"})
    (bridged,) = office.bridge.calls
    assert verified(bridged, WEBHOOK_SECRET)
    assert bridged.document["data"]["address"] == "wm1"

    items = (await office.ask("GET", "/v1/retailers/C1/timeline"))["items"]
    assert sorted(each["details"]["medium"] for each in items) == ["email", "other", "sms", "wechat"]
    told = await office.told("customers.interaction-recorded.v1")
    assert len(told) == 4
    kept = ("retailers", "channel_handles", "interaction_texts", "idempotency_keys")
    left = await everything(office.runtime.pool, *kept)
    assert not [each for each in (*PERSONAL, SECRET_KEY, WEBHOOK_SECRET) if each in left]
    shown = (await office.ask("GET", "/v1/channels/sms")) | (await office.ask("GET", "/v1/channels"))
    assert SECRET_KEY not in str(shown)
    assert (await office.ask("GET", "/v1/channels/sms"))["secrets"] == ["callback_key", "secret_key"]


async def test_nothing_is_sent_to_a_consumer_without_consent_to_purpose_and_channel(office: Office) -> None:
    await office.join("M1", "sms", phone="13812345678", email="wang@shop.cn")
    problem = await office.message("M1", "mail", expect=409)
    assert (problem["code"], "service by email" in problem["detail"]) == ("consent-missing", True)
    await office.message("M1", "sms", purpose="recall", expect=409)
    await office.message("M1", "sms", purpose="ordering", expect=422)
    waiting = await office.message("M1", "sms")
    withdrawn = {"purpose": "service", "channel": "sms", "given": False}
    body = {"consents": [withdrawn | {"source": "phone", "text_version": "1"}]}
    await office.ask("POST", "/v1/consumers/M1/consents", json=body, expect=201)
    assert await office.send_due() == 1
    assert await office.state(waiting) == ("withheld", "consent-withdrawn")
    assert office.sms.calls == []
    assert (await office.ask("GET", "/v1/consumers/M1/timeline"))["items"] == []
    deliveries = (await office.ask("GET", "/v1/deliveries?state=parked"))["items"]
    assert [each["reason"] for each in deliveries] == ["consent-withdrawn"]


async def test_a_call_without_consent_has_happened_and_is_marked(office: Office) -> None:
    await office.join("M1", "phone", phone="13812345678")
    call: dict[str, Any] = {
        "customer": {"kind": "consumer", "id": "M1"},
        "medium": "call",
        "direction": "out",
    }
    call |= {"occurred_at": "2026-11-26T01:00:00Z", "duration_seconds": 60, "text": "您好"}
    made = [
        await office.ask("POST", "/v1/interactions", json=call | {"purpose": each}, expect=201)
        for each in ("service", "recall")
    ]
    assert [each["without_consent"] for each in made] == [False, True]
    assert (await office.text(made[0]["interaction_id"]))["text"] == "您好"
    assert ("read", None) in await office.trail("interaction_text", made[0]["interaction_id"])
    headers = office.auth("clerk")
    await office.ask("GET", f"/v1/interactions/{made[0]['interaction_id']}/text", headers=headers, expect=403)
    for wrong in (
        {"occurred_at": "2199-01-01T00:00:00Z"},
        {"medium": "visit"},
        {"purpose": "ordering"},
        {"reply_to": "018f0000-0000-7000-8000-000000000000"},
    ):
        problem = await office.ask("POST", "/v1/interactions", json=call | wrong, expect=422)
        assert problem["errors"][0]["field"] in {*wrong, "purpose"}


async def test_what_a_provider_refuses_has_failed_with_a_code_and_what_fails_is_tried_again(
    office: Office,
) -> None:
    await office.put("C1", contacts=[{"name": "a", "phone": "13900000000", "email": "nobody@shop.cn"}])
    messages = [await office.message("C1", each) for each in ("mail", "sms")]
    assert await office.send_due() == 2
    assert await office.state(messages[0]) == ("failed", "SMTP 550")
    assert await office.state(messages[1]) == ("failed", "FailedOperation.PhoneNumberInBlacklist")
    left = await everything(office.runtime.pool, "retailers", "interaction_texts", "channel_accounts")
    assert not [each for each in PERSONAL if each in left]
    body = {"handle": "wm1", "customer": {"kind": "retailer", "id": "C1"}}
    await office.ask("POST", "/v1/channels/wecom/handles", json=body, expect=201)
    first = await office.message("C1", "wecom")
    await office.send_due()
    office.wecom.token = "token-2"
    second = await office.message("C1", "wecom")
    await office.send_due()
    assert [await office.state(each) for each in (first, second)] == [("sent", None)] * 2
    office.wecom.customers = ()
    third = await office.message("C1", "wecom")
    await office.send_due()
    assert (await office.state(third))[0] == "failed"


async def test_an_erased_person_takes_every_word_along(office: Office) -> None:
    await office.join("M1", "sms", "wechat", phone="13812345678")
    body = {"handle": "wm1", "customer": {"kind": "consumer", "id": "M1"}}
    await office.ask("POST", "/v1/channels/wecom/handles", json=body, expect=201)
    sent = await office.message("M1", "wecom")
    await office.send_due()
    waiting = await office.message("M1", "sms")
    async with transaction(office.runtime.pool) as conn:
        handed_out = await disclose(conn, "M1")
    assert [each["text"] for each in handed_out["interactions"]] == ["您好", None]
    assert (handed_out["names"][0]["name"], len(handed_out["timeline"])) == ("wm1", 1)
    key = {"Idempotency-Key": "k"}
    task = {"customer": body["customer"], "title": "王芳", "due_at": "2026-12-01T00:00:00Z", "assignee": "li"}
    await office.ask("POST", "/v1/tasks", json=task, headers=key, expect=201)
    call = {"customer": body["customer"], "medium": "call", "direction": "out", "purpose": "service"}
    call |= {"occurred_at": "2026-11-26T01:00:00Z", "outcome": "王芳"}
    await office.ask("POST", "/v1/interactions", json=call, expect=201)
    await office.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"})
    await office.send_due()
    assert await office.state(waiting) == ("withheld", "consent-withdrawn")
    found = await office.text(sent["interaction_id"])
    assert [found[each] for each in ("address", "subject", "text", "template")] == [None] * 4
    left = await everything(office.runtime.pool, "channel_accounts")
    assert not [each for each in PERSONAL if each in left]
    await office.message("M1", "wecom", expect=409)
    timeline = (await office.ask("GET", "/v1/consumers/M1/timeline"))["items"]
    assert [each["kind"] for each in timeline] == ["interaction", "interaction"]


async def test_an_account_that_works_is_made_by_administrators_and_keeps_its_secrets_and_kind(
    office: Office,
) -> None:
    wrong: list[tuple[Any, str]] = [
        ({"adapter": "bridge", "url": "https://x.example"}, "config.webhook_secret"),
        ({"adapter": "email", "inbound_secret": "whsec_QQ=="}, "config"),
        ({"adapter": "email", "inbound_secret": "whsec_é"}, "config"),
        ({"adapter": "pigeon"}, "config"),
    ]
    for config, field in wrong:
        problem = await office.put_account("new", config, expect=422)
        assert problem["errors"][0]["field"].startswith(field)
    config = {"adapter": "bridge", "url": "https://x.example/in/"}
    body = {"name": "Bridge", "config": config, "enabled": False}
    path = "/v1/channels/bridge"
    await office.ask("PUT", path, json=body, headers=office.auth("manager"), expect=403)
    await office.ask("PUT", path, json=body, headers={"If-Match": '"7"'}, expect=412)
    changed = await office.ask("PUT", path, json=body, headers={"If-Match": '"1"'})
    assert (changed["settings"], changed["secrets"]) == ({"url": "https://x.example/in"}, ["webhook_secret"])
    await office.put_account("bridge", {"adapter": "email"}, expect=409)
    await office.put("C1")
    await office.message("C1", "bridge", expect=404)
    await office.call("bridge", content=b"{}", expect=404)


async def test_a_target_that_is_refused_is_not_tried_again(office: Office) -> None:
    await office.put("C1")
    body = {"handle": "wm1", "customer": {"kind": "retailer", "id": "C1"}}
    await office.ask("POST", "/v1/channels/bridge/handles", json=body, expect=201)
    await office.message("C1", "bridge")
    await office.send_due(delivery_private_targets=False)
    (parked,) = (await office.ask("GET", "/v1/deliveries?state=parked"))["items"]
    assert parked["reason"] == "the account does not fit: TargetRefused"
    assert office.bridge.calls == []


async def test_one_account_sends_more_a_minute_than_a_robot_may(office: Office) -> None:
    await office.put("C1", contacts=[{"name": "a", "phone": "13900000000"}])
    for _ in range(25):
        await office.message("C1", "sms")
    assert await office.send_due() == 25

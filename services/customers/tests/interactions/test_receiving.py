"""What providers tell us: messages of people known and unknown, receipts, and the word for no more."""

import time
from typing import Any

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.delivery.signing import webhook_headers
from humidor_customers.inputs import NEWEST
from humidor_customers.interactions import queries
from humidor_customers.parties import Party
from humidor_customers.testing.office import CALLBACK_KEY, WEBHOOK_SECRET, Office
from humidor_customers.testing.providers import wecom_call

KEY = {"key": CALLBACK_KEY}


def signed(body: bytes, message_id: str = "msg_1") -> dict[str, str]:
    return webhook_headers(message_id, WEBHOOK_SECRET, body, now=utc_now())


def reply(text: str, mobile: str = "13812345678") -> dict[str, Any]:
    return {
        "extend": "",
        "mobile": mobile,
        "nationcode": "86",
        "sign": "城南",
        "text": text,
        "time": 1764129600,
    }


async def interactions(office: Office, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.ask("GET", "/v1/interactions", params=filters))["items"]
    return found


async def test_a_reply_by_sms_is_the_members_and_its_word_takes_consent_back(office: Office) -> None:
    await office.join("M1", "sms", "email", phone="+86 138-1234-5678")
    sent = await office.message("M1", "sms")
    await office.send_due()
    serial = await office.runtime.pool.fetchval("SELECT provider_id FROM interactions")
    receipt = {"user_receive_time": "2026-11-26 12:00:00", "nationcode": "86", "mobile": "13812345678"}
    receipt |= {"report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "", "sid": serial}
    answer = await office.call("sms", params=KEY, json=[receipt, receipt | {"sid": "unknown"}])
    assert msgspec.json.decode(answer) == {"result": 0, "errmsg": "OK"}
    assert await office.state(sent) == ("delivered", None)

    for text in ("几点开门", "几点开门", "TD"):
        await office.call("sms", params=KEY, json=reply(text))
    found = await interactions(office, customer_kind="consumer", customer_id="M1", direction="in")
    assert [each["state"] for each in found] == ["received"] * 2
    assert (await office.text(found[1]["interaction_id"]))["text"] == "几点开门"
    await office.message("M1", "sms", expect=409)
    consumer = await office.ask("GET", "/v1/consumers/M1")
    assert {each["channel"]: each["given"] for each in consumer["consents"]} == {"email": True, "sms": False}
    for wrong in ({}, {"key": "x"}, {"key": "é"}):
        await office.call("sms", params=wrong, json=reply("x"), expect=401)
    for body in (b"", b"[1]", b"{", b'{"mobile": 1}'):
        await office.call("sms", params=KEY, content=body, expect=422)


async def test_an_answer_by_mail_finds_its_customer_and_what_it_answers(office: Office) -> None:
    await office.put("C1", contacts=[{"name": "王芳", "email": "Wang@Shop.cn"}])
    sent = await office.message("C1", "mail", subject="货源")
    await office.send_due()
    (mail,) = office.mails.taken
    raw = f"From: <Wang@shop.cn>\r\nMessage-ID: <1@shop.cn>\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\nok"
    body = raw.encode()
    for _ in range(2):
        await office.call("mail", content=body, headers=signed(body))
    await office.call("mail", content=body, headers=signed(b"other"), expect=401)
    (found,) = await interactions(office, direction="in")
    assert found["customer"] == {"kind": "retailer", "id": "C1"}
    assert found["reply_to"] == sent["interaction_id"]
    kinds = [
        each["details"]["direction"]
        for each in (await office.ask("GET", "/v1/retailers/C1/timeline"))["items"]
    ]
    assert kinds == ["in", "out"]


async def test_wecom_says_that_there_is_something_and_it_is_fetched_once(office: Office) -> None:
    await office.put("C1")
    query, echo = wecom_call("1616140317555161061")
    assert await office.call("wecom", method="GET", params=query | {"echostr": echo}) == "1616140317555161061"
    await office.call("wecom", method="GET", params=query | {"echostr": echo, "nonce": "x"}, expect=401)
    for n in range(5):
        office.wecom.write(f"m{n}", f"第{n}", at=int(time.time()) - 60 + n, origin=5 if n == 3 else 3)
    told = "<xml><Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[ENC1]]></Token></xml>"
    query, encrypted = wecom_call(told)
    document = f"<xml><ToUserName>ww1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    for _ in range(2):
        assert await office.call("wecom", params=query, content=document) == "success"
    assert await office.send_due() == 2
    found = await interactions(office, unassigned=True)
    assert len(found) == 4
    assert (
        await office.runtime.pool.fetchval("SELECT cursor FROM channel_accounts WHERE account_id = 'wecom'")
        == "5"
    )
    path = f"/v1/interactions/{found[0]['interaction_id']}"
    customer = {"customer": {"kind": "retailer", "id": "C1"}}
    assert (await office.ask("POST", f"{path}:assign", json=customer))["customer"]["id"] == "C1"
    await office.ask("POST", f"{path}:assign", json=customer, expect=409)
    await office.ask("GET", path, headers=office.auth("clerk", stores=["S0001"]), expect=404)
    # From now on that name is known, in both directions.
    office.wecom.write("m9", "还有吗", at=int(time.time()))
    await office.call("wecom", params=query, content=document)
    await office.send_due()
    assert len(await interactions(office, customer_kind="retailer", customer_id="C1")) == 2
    await office.message("C1", "wecom")
    await office.send_due()
    assert len(office.wecom.sent) == 1
    for wrong in (b"", b"<xml/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>", b"\xff"):
        answer = await office.client.post("/v1/channels/wecom/inbound", params=query, content=wrong)
        assert answer.status_code in (401, 422)


async def test_a_bridge_brings_messages_and_receipts(office: Office) -> None:
    await office.put("C1")
    body = {"handle": "u1", "customer": {"kind": "retailer", "id": "C1"}}
    await office.ask("POST", "/v1/channels/bridge/handles", json=body, expect=201)
    sent = await office.message("C1", "bridge")
    await office.send_due()
    provider_id = office.bridge.calls[0].document["data"]["message_id"]
    said = {"message_id": "1", "address": "u1", "text": "嗨\x00", "sent_at": "2026-11-26T04:00:00Z"}
    for document in (said, said, {"receipt": provider_id, "delivered": False, "code": "blocked"}):
        raw = msgspec.json.encode(document)
        await office.call("bridge", content=raw, headers=signed(raw))
    assert await office.state(sent) == ("failed", "blocked")
    (found,) = await interactions(office, direction="in")
    assert found["customer"] == {"kind": "retailer", "id": "C1"}
    assert (await office.text(found["interaction_id"]))["text"] == "嗨"
    for document in ({}, said | {"sent_at": "2026-11-26T04:00:00"}, said | {"more": 1}):
        raw = msgspec.json.encode(document)
        await office.call("bridge", content=raw, headers=signed(raw), expect=422)


async def test_lists_are_of_one_customer_or_of_all_and_in_pages(office: Office) -> None:
    for each in ("C1", "C2"):
        await office.put(each, store_ids=[f"S000{each[1]}"])
        call = {"customer": {"kind": "retailer", "id": each}, "medium": "call", "direction": "in"}
        for _ in range(2):
            body = call | {"occurred_at": "2026-11-26T01:00:00Z"}
            await office.ask("POST", "/v1/interactions", json=body, expect=201)
    page = await office.ask("GET", "/v1/interactions?limit=3")
    rest = await interactions(office, cursor=page["next_cursor"])
    assert len({each["interaction_id"] for each in page["items"] + rest}) == 4
    clerk = office.auth("clerk", stores=["S0001"])
    await office.ask("GET", "/v1/interactions", headers=clerk, expect=403)
    own = {"customer_kind": "retailer", "customer_id": "C1"}
    assert len((await office.ask("GET", "/v1/interactions", params=own, headers=clerk))["items"]) == 2
    other = own | {"customer_id": "C2"}
    await office.ask("GET", "/v1/interactions", params=other, headers=clerk, expect=404)
    await office.ask("GET", "/v1/interactions?customer_id=C1", expect=422)


async def test_addresses_customers_and_lists_are_found_by_an_index(office: Office) -> None:
    await office.put("C1", contacts=[{"name": "王芳", "phone": "13812345678", "email": "wang@shop.cn"}])
    party = Party("retailer", "C1")
    questions: list[tuple[str, list[Any], str]] = [
        (queries._BY_PHONE, ["13812345678"], "ix_consumer_contacts_phone"),
        (queries._BY_PHONE, ["13812345678"], "ix_retailers_phone_keys"),
        (queries._BY_EMAIL, ["wang@shop.cn"], "ix_consumer_contacts_email"),
        (queries._BY_EMAIL, ["wang@shop.cn"], "ix_retailers_email_keys"),
        (*queries.page_statement(party, False, {}, before=NEWEST, limit=9), "ix_interactions_party"),
        (*queries.page_statement(None, True, {}, before=NEWEST, limit=9), "ix_interactions_unassigned"),
        (*queries.page_statement(None, False, {}, before=NEWEST, limit=9), "pk_interactions"),
    ]
    async with transaction(office.runtime.pool) as conn:
        await conn.execute("""
            INSERT INTO retailers
            SELECT (jsonb_populate_record(r, jsonb_build_object(
                'retailer_id', 'D' || n, 'licence_number', lpad(n::text, 12, '0'),
                'phone_keys', jsonb_build_array('139' || n), 'email_keys', jsonb_build_array('a' || n)))).*
            FROM retailers r, generate_series(1, 3000) n
        """)
        await conn.execute("ANALYZE retailers")
        await conn.execute("SET LOCAL enable_seqscan = off")
        for text, arguments, index in questions:
            plan = await conn.fetch(f"EXPLAIN (COSTS OFF) {text}", *arguments)
            assert any(index in row[0] for row in plan), (index, [row[0] for row in plan])

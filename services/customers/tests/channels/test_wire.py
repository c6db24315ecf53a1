"""What goes over the wire, against what providers have published."""

from base64 import b64encode
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.delivery.signing import TOLERANCE, webhook_headers
from humidor_customers.channels.adapter import Account, Forged, Incoming, Unreadable
from humidor_customers.channels.mail import Mail
from humidor_customers.channels.signed import check_signature
from humidor_customers.channels.tencent_sms import authorization, read_answer
from humidor_customers.channels.wecom_crypto import aes_key, decrypt, encrypt, signature

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"k" * 32).decode()
EMAIL = Account("mail", "email", {}, {"inbound_secret": SECRET})


def test_the_signature_is_the_one_of_the_providers_own_worked_example() -> None:
    # Signature v3 of Tencent Cloud, "Signature Algorithm Example": DescribeInstances of cvm.
    credential = ("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    moment = datetime.fromtimestamp(1551113065, UTC)
    assert authorization(credential, ("cvm", "cvm.tencentcloudapi.com"), body, now=moment) == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("Ok", "sent"),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", "failed"),
        ("InternalError.Timeout", "failed"),
        ("FailedOperation.PhoneNumberInBlacklist", "refused"),
        ("InvalidParameterValue.IncorrectPhoneNumber", "refused"),
    ],
)
def test_a_code_says_whether_sending_again_may_help(code: str, result: str) -> None:
    status = {"SerialNo": "5000:1", "PhoneNumber": "+8613812345678", "Code": code, "Message": "+86138"}
    sent = read_answer(200, msgspec.json.encode({"Response": {"SendStatusSet": [status]}}))
    assert sent.outcome.result == result
    assert "138" not in str(sent.outcome)
    assert (sent.provider_id == "5000:1") == (code == "Ok")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Response": {}}', b'{"Response": {"SendStatusSet": []}}'])
def test_an_answer_of_something_else_is_tried_again(body: bytes) -> None:
    assert read_answer(502, body).outcome.result == "failed"


@given(
    message=st.binary(max_size=200),
    random=st.binary(min_size=16, max_size=16),
    corp=st.text("wx1", max_size=40),
)
def test_what_wecom_encrypts_is_read_and_nothing_for_others(message: bytes, random: bytes, corp: str) -> None:
    key = aes_key(b64encode(bytes(32)).decode().rstrip("="))
    encrypted = encrypt(key, message, receiver=corp, random=random)
    assert decrypt(key, encrypted, receiver=corp) == message
    with pytest.raises(Forged):
        decrypt(key, encrypted, receiver=corp + "x")
    with pytest.raises(Forged):
        decrypt(key, encrypted[:-8], receiver=corp)


def test_wecoms_published_callback_is_read() -> None:
    # "Callback and reply" of WeCom's documentation for developers: the verification of a URL.
    token, corp_id = "QDG6eK", "wx5823bf96d3bd56c7"
    key = aes_key("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert signature(token, "1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert decrypt(key, echo, receiver=corp_id) == b"1616140317555161061"


def signed(body: bytes, **changes: str) -> Incoming:
    headers = webhook_headers("msg_1", SECRET, body, now=NOW) | changes
    return Incoming("POST", {}, headers, body)


def test_a_call_is_taken_with_its_signature_for_five_minutes() -> None:
    assert check_signature(SECRET, signed(b"{}"), now=NOW + TOLERANCE) == "msg_1"
    late = NOW + TOLERANCE * 1.01
    forged = [
        (signed(b"{}"), late),
        (signed(b"{}")._replace(body=b"{ }"), NOW),
        (signed(b"{}", **{"webhook-id": "msg_2"}), NOW),
        (signed(b"{}", **{"webhook-timestamp": "²"}), NOW),
        (signed(b"{}", **{"webhook-signature": "v1,é"}), NOW),
        (Incoming("POST", {}, {}, b""), NOW),
    ]
    for incoming, now in forged:
        with pytest.raises(Forged):
            check_signature(SECRET, incoming, now=now)
    with pytest.raises(Forged):
        check_signature(None, signed(b"{}"), now=NOW)


def test_a_mail_is_read_as_servers_hand_it_on() -> None:
    raw = (
        b"From: =?utf-8?b?546L6Iqz?= <Wang@Shop.CN>\r\nTo: humidor@localhost\r\n"
        b"Subject: =?utf-8?b?57y66LSn?=\r\n"
        b"Message-ID: <a@shop.cn>\r\nIn-Reply-To: <b@localhost>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>html</p>\r\n"
        b"--x\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ) + "缺货\r\n--x--\r\n".encode("gb2312")
    (message,) = Mail().receive(EMAIL, signed(raw), now=NOW).messages
    assert (message.address, message.subject, message.text.strip()) == ("wang@shop.cn", "缺货", "缺货")
    assert (message.provider_id, message.in_reply_to) == ("<a@shop.cn>", "<b@localhost>")


@given(
    st.binary(max_size=300)
    | st.sampled_from([b"From: a@b.c\r\nContent-Type: text/plain; charset=nope\r\n\r\nx"])
)
def test_no_mail_makes_the_reader_fail(raw: bytes) -> None:
    try:
        (message,) = Mail().receive(EMAIL, signed(raw), now=NOW).messages
        assert "@" in message.address
    except Unreadable:
        pass

"""What goes over the wire, against receivers that check it as the real ones do."""

import asyncio
import base64
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from humidor_common.delivery.robots import cut
from humidor_common.testing.receiving import Receiver, dingtalk_robot, verified, wecom_robot

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
LONG = "断货" * 3000

# The mail server here asks for a password without TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


async def test_a_webhook_is_signed_and_keeps_its_id_over_all_attempts(post: Any, receiver: Receiver) -> None:
    receiver.answers = [lambda _: web.Response(status=503), lambda _: web.Response(status=302)]
    await post.put("webhook", f"{receiver.url}/in?x=1", secret=SECRET)
    assert await post.send() == 1
    assert await post.send(after_seconds=5) == 1
    assert await post.send(after_seconds=20) == 1
    assert await post.states() == [("sent", 3)]
    ids = {call.headers["webhook-id"] for call in receiver.calls}
    assert ids == {str(await post.pool.fetchval("SELECT delivery_id FROM deliveries"))}
    assert all(verified(call, SECRET) for call in receiver.calls)
    assert not verified(receiver.calls[0], "whsec_" + base64.b64encode(b"z" * 32).decode())
    said = receiver.calls[-1].document
    assert said == {"type": "inventory.alert", "timestamp": "2026-11-23T04:00:00Z", "data": {"alerts": 2}}
    assert receiver.calls[0].query == {"x": "1"}
    assert receiver.calls[0].headers["host"] == receiver.url.removeprefix("http://")


async def test_two_secrets_sign_side_by_side_and_the_answer_is_kept(post: Any, receiver: Receiver) -> None:
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    receiver.answer = lambda _: web.Response(text="thank you" + "!" * 500)
    await post.put("webhook", receiver.url, secret=f"{other} {SECRET}")
    await post.send()
    assert verified(receiver.calls[0], SECRET)
    assert verified(receiver.calls[0], other)
    detail = await post.pool.fetchval("SELECT detail FROM delivery_attempts")
    assert (detail[:10], len(detail)) == ("thank you!", 200)
    assert await post.reason() is None


async def test_a_wecom_robot_takes_the_message_even_if_it_is_too_long(post: Any, receiver: Receiver) -> None:
    receiver.answer = wecom_robot("693a91f6")
    await post.put("wecom", f"{receiver.url}/cgi-bin/webhook/send?key=693a91f6", body=LONG)
    await post.put("wecom", f"{receiver.url}/cgi-bin/webhook/send?key=wrong", body="x")
    await post.send()
    assert await post.states() == [("sent", 1), ("parked", 1)]
    reason = await post.pool.fetchval("SELECT reason FROM deliveries WHERE state = 'parked'")
    assert reason.startswith("errcode 93000")


async def test_a_dingtalk_robot_takes_the_signed_message(post: Any, receiver: Receiver) -> None:
    now = int(post.now.timestamp() * 1000)
    receiver.answer = dingtalk_robot("tok", "SECabc", now_milliseconds=now)
    await post.put("dingtalk", f"{receiver.url}/robot/send?access_token=tok", secret="SECabc", body="**x**")
    await post.send()
    assert await post.states() == [("sent", 1)]
    assert receiver.calls[0].document["markdown"] == {"title": "2 alerts", "text": "**x**"}
    await post.put("dingtalk", f"{receiver.url}/robot/send?access_token=tok", secret="SECzzz", body="x")
    await post.send()
    assert await post.states() == [("sent", 1), ("parked", 1)]


async def test_a_robot_that_is_asked_too_often_is_left_alone_for_as_long_as_it_wants(
    post: Any, receiver: Receiver
) -> None:
    busy = {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
    receiver.answers = [lambda _: web.json_response(busy)]
    receiver.answer = dingtalk_robot("tok", "SEC", now_milliseconds=int(post.now.timestamp() * 1000))
    await post.put("dingtalk", f"{receiver.url}/robot/send?access_token=tok", secret="SEC", body="x")
    assert [await post.send(), await post.send(after_seconds=599)] == [1, 0]
    assert await post.send(after_seconds=1) == 1
    assert await post.states() == [("sent", 2)]


async def test_a_robot_gets_no_more_than_it_takes_in_a_minute(post: Any, receiver: Receiver) -> None:
    receiver.answer = wecom_robot("k")
    for n in range(40):
        await post.put("wecom", f"{receiver.url}/send?key=k", body=str(n))
    await post.put("wecom", f"{receiver.url}/send?key=k&other", body="another robot waits for nobody")
    assert [await post.send(), await post.send(after_seconds=59), await post.send(after_seconds=2)] == [
        19,
        0,
        18,
    ]
    assert [await post.send(after_seconds=61), await post.send(after_seconds=61)] == [4, 0]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errcode": null}', b"{}", b"\xff"])
async def test_who_does_not_answer_as_a_robot_is_tried_again(
    post: Any, receiver: Receiver, body: bytes
) -> None:
    receiver.answer = lambda _: web.Response(body=body)
    await post.put("wecom", f"{receiver.url}/send?key=k")
    await post.send()
    assert await post.states() == [("pending", 1)]


def test_text_is_cut_between_characters() -> None:
    assert cut("断货", 6) == "断货"
    assert cut("断货了", 8) == "断…"
    assert len(cut(LONG, 4096).encode()) <= 4096


class Mailbox:
    """A mail server that keeps what it takes, and refuses two recipients."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        if address.startswith("full"):
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: Any
) -> AuthResult:
    return AuthResult(success=given == LoginPassword(b"humidor", b"secret"), handled=False)


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, int]]:
    box = Mailbox()
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(box, authenticator=_authenticate, auth_require_tls=False, auth_required=True, loop=loop)

    server = await loop.create_server(session, "127.0.0.1", 0)
    yield box, server.sockets[0].getsockname()[1]
    server.close()


async def test_a_mail_arrives_with_its_text_and_one_id(post: Any, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    post.configure(
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        smtp_username="humidor",
        smtp_password="secret",
        smtp_sender="alerts@example.com",
    )
    subject = "预警 2 条\r\nBcc: everybody@example.com"
    await post.put("email", "manager@example.com", subject=subject, body="断货: 软盒\n.\nend")
    await post.put("email", "manager@example.com", body={"alerts": 2})
    assert await post.send() == 2
    assert await post.states() == [("sent", 1)] * 2
    mail, document = (
        message_from_bytes(each.original_content or b"", policy=default)
        for each in sorted(box.taken, key=lambda each: b"Bcc" not in (each.original_content or b""))
    )
    first = await post.pool.fetchval("SELECT min(delivery_id::text) FROM deliveries")
    assert mail["Message-ID"] == f"<{first}@example.com>"
    assert (mail["Bcc"], mail["To"]) == (None, "manager@example.com")
    assert mail["Subject"] == "预警 2 条 Bcc: everybody@example.com"
    assert mail.get_content().splitlines() == ["断货: 软盒", ".", "end"]
    assert '"alerts": 2' in document.get_content()


@pytest.mark.parametrize(
    ("address", "changes", "state", "reason"),
    [
        ("nobody@example.com", {}, "parked", "SMTP 550"),
        ("full@example.com", {}, "pending", "SMTP 452"),
        ("a@example.com", {"smtp_password": "wrong"}, "pending", "SMTP 535"),
        ("a@example.com", {"smtp_security": "starttls"}, "pending", "SMTPException"),
        ("a@example.com", {"smtp_port": 1}, "pending", "SMTPConnectError"),
        ("a@example.com", {"smtp_host": None}, "parked", "no mail server"),
    ],
)
async def test_what_a_mail_server_refuses_is_parked_and_what_may_come_right_is_tried_again(
    post: Any, mailbox: tuple[Mailbox, int], address: str, changes: dict[str, Any], state: str, reason: str
) -> None:
    values = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox[1],
        "smtp_security": "none",
        "smtp_username": "humidor",
        "smtp_password": "secret",
    }
    post.configure(**(values | changes))
    await post.put("email", address)
    await post.send()
    assert await post.states() == [(state, 1)]
    assert (await post.reason()).startswith(reason)

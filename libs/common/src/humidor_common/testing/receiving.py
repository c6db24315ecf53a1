"""For tests: receivers of messages that speak the real wire formats and check what the real ones check."""

import base64
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

WECOM_BYTES = 4096
HOUR_MILLISECONDS = 3_600_000


class Call(msgspec.Struct, frozen=True):
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.body)


Answer = Callable[[Call], web.Response]


def accept(_: Call) -> web.Response:
    """Answer as a webhook that has taken it."""
    return web.Response(status=204)


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent; it answers by the next of `answers`, else by `answer`."""

    url: str = ""
    answer: Answer = accept
    answers: list[Answer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.path, dict(request.query), headers, await request.read())
        self.calls.append(call)
        return (self.answers.pop(0) if self.answers else self.answer)(call)


@asynccontextmanager
async def receiving(answer: Answer = accept) -> AsyncIterator[Receiver]:
    """Run a receiver on a port of its own."""
    made = Receiver(answer=answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}"
        yield made
    finally:
        await runner.cleanup()


def verified(call: Call, secret: str) -> bool:
    """Check a webhook as the libraries of Standard Webhooks do."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = call.headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted, each) for each in given)


def _said(code: int, message: str) -> web.Response:
    return web.json_response({"errcode": code, "errmsg": message})


def wecom_robot(key: str) -> Answer:
    """Answer as a WeCom group robot does: always 200, and what is wrong stands in `errcode`."""

    def answer(call: Call) -> web.Response:
        if call.query.get("key") != key:
            return _said(93000, "invalid webhook url, hint: [1732590000]")
        message = call.document
        if message.get("msgtype") != "markdown" or "content" not in message.get("markdown", {}):
            return _said(40008, "invalid message type")
        if len(message["markdown"]["content"].encode()) > WECOM_BYTES:
            return _said(40058, "markdown.content exceed max length 4096")
        return _said(0, "ok")

    return answer


def dingtalk_robot(token: str, secret: str, *, now_milliseconds: int) -> Answer:
    """Answer as a DingTalk robot with 加签 does: it wants a signature not older than an hour."""

    def answer(call: Call) -> web.Response:
        if call.query.get("access_token") != token:
            return _said(300001, "token is not exist")
        timestamp = call.query.get("timestamp", "0")
        digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")
        if call.query.get("sign") != base64.b64encode(digest).decode():
            return _said(310000, "sign not match, more: [https://ding-doc.dingtalk.com/doc]")
        if abs(int(timestamp) - now_milliseconds) > HOUR_MILLISECONDS:
            return _said(310000, "invalid timestamp, more: [https://ding-doc.dingtalk.com/doc]")
        if set(call.document.get("markdown", {})) != {"title", "text"}:
            return _said(400402, "缺少参数 markdown.title")
        return _said(0, "ok")

    return answer

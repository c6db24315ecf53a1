import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from humidor_common.web import server as bounded
from humidor_common.web.server import MAX_HEAD_BYTES, BoundedHttp


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/slow":
        await asyncio.sleep(0.2)
    await send({"type": "http.response.body", "body": scope["path"].encode() + body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=BoundedHttp, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def talk(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    document = json.loads(body)
    assert document["status"] == int(head.split()[1])
    return document["status"], document["code"]


async def test_requests_in_one_packet_are_answered_in_order(port: int) -> None:
    one = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    answer = await talk(port, one + two)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"/1\r\n") < answer.index(b"/2abc")


async def test_a_small_answer_comes_in_one_piece(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.read(65536)).endswith(b"/x\r\n0\r\n\r\n")
    writer.close()


async def test_the_head_does_not_wait_for_a_slow_body(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.read(65536)).endswith(b"\r\n\r\n")
    assert b"/slow" in await reader.read(65536)
    writer.close()


async def test_a_head_over_the_limit_is_431(port: int) -> None:
    whole = b"GET /x HTTP/1.1\r\nX: " + b"y" * MAX_HEAD_BYTES + b"\r\n\r\n"
    assert problem(await talk(port, whole)) == (431, "head-too-large")


async def test_a_long_url_counts_too(port: int) -> None:
    whole = b"GET /" + b"y" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert problem(await talk(port, whole)) == (431, "head-too-large")


async def test_a_large_body_is_no_large_head(port: int) -> None:
    size = MAX_HEAD_BYTES * 4
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    last = b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await talk(port, head, b"z" * size, last)
    assert answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("start", [b"", b"GET /x HTTP/1.1\r\nHost:"])
async def test_a_head_that_takes_too_long_is_408(
    port: int, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(bounded, "HEAD_SECONDS", 0.2)
    assert problem(await talk(port, start)) == (408, "request-timeout")


async def test_a_slow_answer_is_not_a_slow_head(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "HEAD_SECONDS", 0.1)
    assert b"/slow" in await talk(port, b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


POST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc"


async def test_a_body_that_stalls_is_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "BODY_STALL_SECONDS", 0.2)
    assert problem(await talk(port, POST)) == (408, "request-timeout")


async def test_a_body_that_trickles_on_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "BODY_STALL_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST)
    for byte in b"defghi":
        await asyncio.sleep(0.05)
        writer.write(bytes([byte]))
    assert (await reader.read()).endswith(b"/xabcdefghi\r\n0\r\n\r\n")
    writer.close()


async def test_a_slow_answer_is_not_a_stalled_body(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "BODY_STALL_SECONDS", 0.05)
    slow = POST.replace(b"/x", b"/slow")
    assert b"/slow" in await talk(port, slow, b"defghi")


@pytest.mark.parametrize(
    "request_bytes", [b"GET /x\r\n\r\n", b"\x16\x03\x01\x00", b"GET /x HTTP/1.1\r\nA\x00: 1\r\n\r\n"]
)
async def test_what_is_not_http_is_400(port: int, request_bytes: bytes) -> None:
    assert problem(await talk(port, request_bytes)) == (400, "malformed-request")

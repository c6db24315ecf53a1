import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest

from .proxying import Call, Proxied, proxied

MEGABYTE = 1024 * 1024


@pytest.fixture
async def proxy() -> AsyncIterator[Proxied]:
    async with proxied() as running:
        yield running


async def test_a_request_arrives_as_it_was_sent(proxy: Proxied) -> None:
    answer = await proxy.client.get("/pos/v1/sales/a%20b?x=1&y=%2F", headers={"X-Own": "1"})
    lines = answer.text.split("\r\n")
    assert lines[0] == "GET /v1/sales/a%20b?x=1&y=%2F HTTP/1.1"
    assert "x-own: 1" in lines
    assert "x-forwarded-for: 127.0.0.1" in lines
    assert f"x-forwarded-host: {proxy.address[0]}:{proxy.address[1]}" in lines
    assert "x-forwarded-proto: http" in lines
    assert "x-forwarded-prefix: /pos" in lines
    assert f"host: {proxy.upstream.url.removeprefix('http://')}" in lines


async def test_the_credential_goes_through_unread(proxy: Proxied) -> None:
    answer = await proxy.client.get("/pos/v1/x", headers={"Authorization": "Bearer terminal-key"})
    assert "authorization: Bearer terminal-key" in answer.text


async def test_what_belongs_to_one_connection_or_to_us_does_not_go_through(proxy: Proxied) -> None:
    headers = {
        "Connection": "keep-alive, X-Secret",
        "X-Secret": "1",
        "TE": "trailers",
        "Proxy-Authorization": "x",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
    }
    text = (await proxy.client.get("/pos/v1/x", headers=headers)).text.lower()
    for name in ("x-secret", "\nte:", "proxy-authorization", "6.6.6.6", "evil", "\nforwarded"):
        assert name not in text


async def test_a_trace_is_continued_and_begun(proxy: Proxied) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    continued = (await proxy.client.get("/pos/v1/x", headers={"traceparent": trace})).text
    assert "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-" in continued
    begun = (await proxy.client.get("/pos/v1/x", headers={"traceparent": "00-junk"})).text
    assert begun.count("traceparent: 00-") == 1
    assert "junk" not in begun


async def test_connections_are_used_again(proxy: Proxied) -> None:
    for _ in range(20):
        assert (await proxy.client.get("/pos/v1/x")).status_code == 200
    assert proxy.upstream.connections == 1


async def test_a_large_body_streams_up_unchanged(proxy: Proxied) -> None:
    async def digest(call: Call) -> None:
        head = await call.head()
        assert "transfer-encoding: chunked" in head
        seen, size = hashlib.sha256(), 0
        while (length := int(await call.reader.readline(), 16)) > 0:
            seen.update(await call.reader.readexactly(length))
            size += length
            await call.reader.readexactly(2)
        await call.reader.readexactly(2)
        body = f"{size} {seen.hexdigest()}"
        await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    async def lines() -> AsyncIterator[bytes]:
        for number in range(64):
            yield bytes([number]) * (MEGABYTE // 2)

    proxy.upstream.script = digest
    answer = await proxy.client.post("/pos/v1/sales:stream", content=lines())
    expected = hashlib.sha256(b"".join(bytes([n]) * (MEGABYTE // 2) for n in range(64))).hexdigest()
    assert answer.text == f"{32 * MEGABYTE} {expected}"


async def test_a_sized_body_keeps_its_size(proxy: Proxied) -> None:
    async def count(call: Call) -> None:
        head = await call.head()
        assert "content-length: 3000000" in head
        assert "transfer-encoding" not in head
        await call.reader.readexactly(3_000_000)
        await call.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")

    proxy.upstream.script = count
    answer = await proxy.client.post("/pos/v1/sales", content=b"x" * 3_000_000)
    assert answer.status_code == 204


async def test_a_large_answer_streams_down_and_waits_for_a_slow_reader(proxy: Proxied) -> None:
    sent = 0

    async def flood(call: Call) -> None:
        nonlocal sent
        await call.head()
        await call.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(64):
            await call.send(b"80000\r\n" + b"x" * 0x80000 + b"\r\n")
            sent += 0x80000
        await call.send("0\r\n\r\n")

    proxy.upstream.script = flood
    reader, writer = await asyncio.open_connection(*proxy.address, limit=65536)
    writer.write(b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 32 * MEGABYTE  # the upstream was held back instead of the gateway's memory filling
    writer.close()
    async with proxy.client.stream("GET", "/pos/v1/x") as answer:
        size = sum([len(chunk) async for chunk in answer.aiter_bytes()])
    assert size == 32 * MEGABYTE


async def test_events_arrive_as_they_are_sent(proxy: Proxied) -> None:
    read = asyncio.Event()

    async def events(call: Call) -> None:
        await call.head()
        await call.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await call.send("data: 1\n\n")
        await read.wait()
        await call.send("data: 2\n\n")

    proxy.upstream.script = events
    async with proxy.client.stream("GET", "/pos/v1/x") as answer:
        chunks = answer.aiter_bytes()
        assert await anext(chunks) == b"data: 1\n\n"
        read.set()
        assert await anext(chunks) == b"data: 2\n\n"
        assert [chunk async for chunk in chunks] == []


@pytest.mark.parametrize(
    ("method", "head", "status"),
    [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 200),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 9\r\n\r\n", 304),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            200,
        ),
    ],
)
async def test_answers_without_a_body_leave_the_connection_usable(
    proxy: Proxied, method: str, head: str, status: int
) -> None:
    async def brief(call: Call) -> None:
        while True:
            await call.head()
            await call.send(head)

    proxy.upstream.script = brief
    for _ in range(3):
        answer = await proxy.client.request(method, "/pos/v1/x")
        assert (answer.status_code, answer.content) == (status, b"")
    assert proxy.upstream.connections == 1


async def test_an_early_answer_stops_the_upload(proxy: Proxied) -> None:
    async def refuse(call: Call) -> None:
        await call.head()
        await call.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        await call.reader.read(MEGABYTE)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 10_000
            await asyncio.sleep(0.001)

    proxy.upstream.script = refuse
    reader, writer = await asyncio.open_connection(*proxy.address)
    writer.write(
        b"POST /pos/v1/x:stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 403")
    writer.close()


async def test_a_client_that_says_it_will_wait_is_told_to_go_on(proxy: Proxied) -> None:
    async def swallow(call: Call) -> None:
        head = await call.head()
        assert "expect" not in head.lower()
        await call.reader.readexactly(5)
        await call.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    proxy.upstream.script = swallow
    reader, writer = await asyncio.open_connection(*proxy.address)
    writer.write(b"POST /pos/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"hello")
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_many_at_once_do_not_mix(proxy: Proxied) -> None:
    async def once(number: int) -> bool:
        answer = await proxy.client.get(f"/pos/v1/{number}", headers={"X-Number": str(number)})
        return f"GET /v1/{number} HTTP" in answer.text and f"x-number: {number}\r" in answer.text

    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=proxy.url, limits=limits, timeout=30) as client:
        proxy.client = client
        assert all(await asyncio.gather(*(once(number) for number in range(400))))

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from humidor_common.web.server import MAX_HEAD_BYTES
from humidor_gateway.proxy.pool import Address, Limits, UpstreamPool

from .proxying import Call, proxied


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["trace_id"]
    return answer.status_code, answer.json()["code"]


async def test_a_service_that_is_down_is_503_with_retry_after() -> None:
    async with proxied() as proxy:
        proxy.gateway.pools["pos"] = UpstreamPool(Address("127.0.0.1", 1), Limits())
        answer = await proxy.client.get("/pos/v1/x")
        assert problem(answer) == (503, "upstream-unreachable")
        assert answer.headers["Retry-After"]


async def test_a_service_that_does_not_answer_is_504() -> None:
    async with proxied(upstream_answer_seconds=0.3) as proxy:

        async def silence(call: Call) -> None:
            await call.head()
            await call.reader.read()
            proxy.upstream.gone.set()

        proxy.upstream.script = silence
        answer = await proxy.client.get("/pos/v1/x")
        assert problem(answer) == (504, "upstream-timeout")
        assert answer.headers["Retry-After"]
        await proxy.upstream.gone.wait()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    ],
)
async def test_a_service_that_answers_nonsense_is_502(reply: bytes) -> None:
    async with proxied() as proxy:

        async def babble(call: Call) -> None:
            await call.head()
            await call.send(reply)

        proxy.upstream.script = babble
        answer = await proxy.client.post("/pos/v1/x", content=b"{}")
        assert problem(answer) == (502, "upstream-failed")


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_an_answer_broken_off_is_broken_off_for_the_client_too(framing: str) -> None:
    async with proxied() as proxy:

        async def half(call: Call) -> None:
            await call.head()
            await call.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n")
            await call.send("5\r\nhello\r\n")

        proxy.upstream.script = half
        with pytest.raises(httpx.RemoteProtocolError):
            await proxy.client.get("/pos/v1/x")


async def test_a_stalled_answer_is_cut() -> None:
    async with proxied(upstream_stall_seconds=0.3) as proxy:

        async def stall(call: Call) -> None:
            await call.head()
            await call.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
            await call.reader.read()

        proxy.upstream.script = stall
        with pytest.raises(httpx.RemoteProtocolError):
            await proxy.client.get("/pos/v1/x")


async def test_a_client_that_leaves_ends_the_work_upstream() -> None:
    async with proxied() as proxy:
        asked = asyncio.Event()

        async def slow(call: Call) -> None:
            await call.head()
            asked.set()
            assert await call.reader.read() == b""
            proxy.upstream.gone.set()

        proxy.upstream.script = slow
        call = asyncio.create_task(proxy.client.get("/pos/v1/x"))
        await asked.wait()
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await proxy.upstream.gone.wait()


async def test_a_client_that_leaves_in_mid_upload_ends_it_upstream() -> None:
    async with proxied() as proxy:
        asked = asyncio.Event()

        async def slow(call: Call) -> None:
            await call.head()
            asked.set()
            while await call.reader.read(65536):
                pass
            proxy.upstream.gone.set()

        proxy.upstream.script = slow
        _, writer = await asyncio.open_connection(*proxy.address)
        writer.write(b"POST /pos/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello")
        await asked.wait()
        writer.close()
        await proxy.upstream.gone.wait()


async def test_a_body_that_stops_coming_is_408() -> None:
    async with proxied(upstream_stall_seconds=0.3) as proxy:

        async def swallow(call: Call) -> None:
            await call.reader.read()

        proxy.upstream.script = swallow
        answer = await proxy.raw(b"POST /pos/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello")
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request-timeout" in answer


async def test_bodies_over_the_limit_are_413_declared_or_not() -> None:
    async with proxied(body_limit_bytes=1000, stream_limit_bytes=5000) as proxy:

        async def parts(count: int) -> AsyncIterator[bytes]:
            for _ in range(count):
                yield b"x" * 300

        async def swallow(call: Call) -> None:
            await call.reader.read()

        assert problem(await proxy.client.post("/pos/v1/x", content=b"x" * 1001)) == (413, "too-large")
        assert proxy.upstream.connections == 0
        proxy.upstream.script = swallow
        for path, count in (("/pos/v1/x", 4), ("/pos/v1/x:stream", 17)):
            answer = await proxy.client.post(path, content=parts(count))
            assert problem(answer) == (413, "too-large")
        proxy.upstream.script = proxy.upstream.answer
        assert (await proxy.client.post("/pos/v1/x", content=b"")).status_code == 200


async def test_a_kept_connection_that_the_service_closed_is_replaced_for_harmless_requests() -> None:
    async with proxied() as proxy:

        async def answer_then_hang_up(call: Call) -> None:
            await call.head()
            await call.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await call.head()  # the second request is read and dropped

        proxy.upstream.script = answer_then_hang_up
        assert (await proxy.client.get("/pos/v1/x")).status_code == 200
        assert (await proxy.client.get("/pos/v1/x")).status_code == 200
        assert proxy.upstream.connections == 2
        assert problem(await proxy.client.post("/pos/v1/x")) == (502, "upstream-failed")


async def test_a_service_that_closes_after_each_answer_works() -> None:
    async with proxied() as proxy:

        async def closing(call: Call) -> None:
            await call.head()
            await call.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

        proxy.upstream.script = closing
        for _ in range(5):
            assert (await proxy.client.post("/pos/v1/x")).text == "ok"
        assert proxy.upstream.connections == 5


async def test_an_answer_smuggled_behind_another_reaches_nobody() -> None:
    async with proxied() as proxy:

        async def twice(call: Call) -> None:
            await call.head()
            await call.send(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            )
            await call.reader.read()

        proxy.upstream.script = twice
        for _ in range(3):
            answer = await proxy.client.get("/pos/v1/x")
            assert "evil" not in answer.text


async def test_when_all_connections_are_taken_the_rest_wait_and_then_get_503() -> None:
    async with proxied() as proxy:
        limits = Limits(connections=2, queue_seconds=0.3)
        address = proxy.gateway.pools["pos"].address
        pool = proxy.gateway.pools["pos"] = UpstreamPool(address, limits)
        release = asyncio.Event()

        async def held(call: Call) -> None:
            while True:
                await call.head()
                await release.wait()
                await call.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        proxy.upstream.script = held
        calls = [asyncio.create_task(proxy.client.get("/pos/v1/x")) for _ in range(3)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert problem(done.pop().result()) == (503, "upstream-busy")
        release.set()
        statuses = sorted([(await call).status_code for call in calls])
        assert statuses == [200, 200, 503]
        assert (await proxy.client.get("/pos/v1/x")).status_code == 200
        await pool.close()


async def test_request_heads_are_bounded_whether_whole_or_trickling() -> None:
    async with proxied() as proxy:
        whole = b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\nX: " + b"y" * (MAX_HEAD_BYTES + 1) + b"\r\n\r\n"
        assert (await proxy.raw(whole)).startswith(b"HTTP/1.1 431")
        reader, writer = await asyncio.open_connection(*proxy.address)
        writer.write(b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(200):
                writer.write(b"X-%d: %b\r\n" % (number, b"y" * 1000))
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            assert (await reader.read()).startswith(b"HTTP/1.1 431")
        assert proxy.upstream.connections == 0
        assert (await proxy.client.get("/pos/v1/x")).status_code == 200
        writer.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /pos/v1/x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET /pos/v1/x HTTP/1.1\r\nHost: x\r\nX\x00: 1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /pos/v1/x\r\n\r\n",
    ],
)
async def test_requests_that_two_readers_could_read_differently_are_refused(request_bytes: bytes) -> None:
    async with proxied() as proxy:
        answer = await proxy.raw(request_bytes)
        assert answer.startswith(b"HTTP/1.1 400")
        assert proxy.upstream.heads == []


async def test_websockets_and_odd_methods_are_refused() -> None:
    async with proxied() as proxy:
        for method in ("TRACE", "CONNECT", "PROPFIND"):
            request = f"{method} /pos/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            assert (await proxy.raw(request)).split()[1] in (b"400", b"405")
        assert proxy.upstream.heads == []


async def test_streams_of_events_leave_the_connections_to_others_and_are_bounded_themselves() -> None:
    async with proxied() as proxy:

        async def events(call: Call) -> None:
            head = await call.head()
            if "stream" in head:
                await call.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
                )
                await call.reader.read()
            else:
                await call.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        proxy.upstream.script = events
        address = proxy.gateway.pools["pos"].address
        proxy.gateway.pools["pos"] = pool = UpstreamPool(
            address, Limits(connections=1, streams=2, queue_seconds=0.3)
        )
        async with contextlib.AsyncExitStack() as stack:
            reading = []  # an iterator that nobody keeps closes its stream
            for _ in range(2):
                stream = proxy.client.stream("GET", "/pos/v1/x:stream")
                reading.append((await stack.enter_async_context(stream)).aiter_bytes())
                assert await anext(reading[-1]) == b"data: 1\n\n"
            assert (await proxy.client.get("/pos/v1/x")).text == "ok"
            assert problem(await proxy.client.get("/pos/v1/x:stream")) == (503, "upstream-busy")
        while pool._streaming:  # noqa: ASYNC110 - the gateway has no event for it
            await asyncio.sleep(0.01)
        async with proxy.client.stream("GET", "/pos/v1/x:stream") as again:
            assert again.status_code == 200

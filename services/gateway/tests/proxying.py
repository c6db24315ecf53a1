"""Upstreams that misbehave on purpose, and a gateway on a real socket before them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from humidor_common.web.server import BoundedHttp
from humidor_gateway.proxy.gateway import Gateway
from humidor_gateway.settings import GatewaySettings

Script = Callable[["Call"], Awaitable[None]]


class Call:
    """One connection to the scripted upstream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()


class Scripted:
    """An upstream that does what a script says, connection by connection."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.connections = 0
        self.heads: list[str] = []
        self.gone = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        assert self.script is not None
        try:
            await self.script(Call(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.close()

    async def answer(self, call: Call) -> None:
        """Answer every request on the connection with its own head as the body."""
        while True:
            head = await call.head()
            self.heads.append(head)
            await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(head)}\r\n\r\n{head}")


@contextlib.asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    upstream = Scripted()
    upstream.script = upstream.answer
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


async def own(scope: Any, receive: Any, send: Any) -> None:
    """Stand where the gateway's own application is."""
    assert scope["type"] == "http"
    assert receive is not None
    body = f"own {scope['path']} {scope['client'][0]}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI app on a port of loopback, as `python -m humidor_gateway` does."""
    config = uvicorn.Config(
        app,
        port=0,
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


class Proxied:
    """A gateway on a socket, the upstream `pos` behind it, and a client before it."""

    def __init__(self, upstream: Scripted, gateway: Gateway, url: str, client: httpx.AsyncClient) -> None:
        self.upstream = upstream
        self.gateway = gateway
        self.url = url
        self.client = client
        host, port = url.removeprefix("http://").split(":")
        self.address = (host, int(port))

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are and read until the gateway closes."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer


@contextlib.asynccontextmanager
async def proxied(**changes: Any) -> AsyncIterator[Proxied]:
    async with scripted() as upstream:
        settings = GatewaySettings(
            pg_dsn="", signing_key=Path("unused"), upstreams=f"pos={upstream.url}", **changes
        )
        gateway = Gateway(own, settings)
        async with listening(gateway) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
            yield Proxied(upstream, gateway, url, client)
        for pool in gateway.pools.values():
            await pool.close()

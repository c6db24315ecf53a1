"""Rate through the gateway as a share of the rate without it, measured in the same run.

    .venv/bin/python benchmarks/gateway_proxy.py [--seconds 4] [--connections 32] [--rounds 3] [--client all]

An upstream (one uvicorn worker, a small JSON answer), the gateway and the load generator are separate
processes. `--client aiohttp|httpx|all` measures plain ASGI proxies on those clients beside the gateway's own.
`--json` prints one entry in the form of build/bench.json.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httptools
import uvicorn
import uvloop

from humidor_common.web.server import BoundedHttp

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
BODY = json.dumps({"sale_id": "018f0000-0000-7000-8000-000000000000", "status": "accepted", "exceptions": []})
LEAST_ANSWERS, PATIENCE_SECONDS = 100, 30.0
"""A machine with other work may take longer than it was given for the first answers."""
NAMES = ("upstream", "direct", "own", "aiohttp", "httpx")


async def upstream(scope: Any, receive: Any, send: Any) -> None:
    """Answer like a small JSON endpoint; FastAPI as the services use it."""
    await _fastapi()(scope, receive, send)


@functools.cache
def _fastapi() -> Any:
    from fastapi import FastAPI
    from starlette.responses import Response

    app = FastAPI()

    @app.get("/v1/item")
    async def item() -> Response:
        return Response(BODY, media_type="application/json")

    return app


def own_gateway(url: str) -> Asgi:
    from humidor_gateway.proxy.gateway import Gateway
    from humidor_gateway.settings import GatewaySettings

    settings = GatewaySettings(
        pg_dsn="",
        signing_key=Path(os.devnull),
        upstreams=f"pos={url}",
        client_rate_per_second=1e6,
        address_rate_per_second=1e6,
    )
    return Gateway(upstream, settings)


def aiohttp_proxy(url: str) -> Asgi:
    import aiohttp

    session: list[aiohttp.ClientSession] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if not session:
            connector = aiohttp.TCPConnector(limit=256)
            session.append(aiohttp.ClientSession(connector=connector, auto_decompress=False))
        path = scope["raw_path"].decode().removeprefix("/pos")
        headers = [(n.decode(), v.decode()) for n, v in scope["headers"] if n not in (b"host", b"connection")]
        async with session[0].request(scope["method"], url + path, headers=headers) as answer:
            raw = [(n.lower(), v) for n, v in answer.raw_headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": raw})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


def httpx_proxy(url: str) -> Asgi:
    import httpx

    client: list[httpx.AsyncClient] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if not client:
            client.append(httpx.AsyncClient(limits=httpx.Limits(max_connections=256)))
        path = scope["raw_path"].decode().removeprefix("/pos")
        headers = [(n, v) for n, v in scope["headers"] if n not in (b"host", b"connection")]
        async with client[0].stream(scope["method"], url + path, headers=headers) as answer:
            raw = [(n.lower(), v) for n, v in answer.headers.raw]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": raw})
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


def serve(name: str, port: int, url: str) -> None:
    makers: dict[str, Callable[[str], Asgi]] = {
        "upstream": lambda _: upstream,
        "own": own_gateway,
        "aiohttp": aiohttp_proxy,
        "httpx": httpx_proxy,
    }
    uvicorn.run(
        makers[name](url),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http=BoundedHttp if name == "own" else "httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
        proxy_headers=False,
        server_header=False,
    )


class Caller(asyncio.Protocol):
    """One connection that sends the next request as soon as it has the answer."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self.request = request
        self.latencies = latencies
        self.failed = 0
        self.parser = httptools.HttpResponseParser(self)
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.latencies.append(time.perf_counter() - self.sent_at)
        self.failed += self.parser.get_status_code() != 200
        self._send()

    def _send(self) -> None:
        self.sent_at = time.perf_counter()
        self.transport.write(self.request)


async def drive(url: str, path: str, *, connections: int, seconds: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("http://").split(":")
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {'k' * 40}\r\n\r\n".encode()
    latencies: list[float] = []
    callers: list[Caller] = []
    for _ in range(connections):
        _, caller = await loop.create_connection(lambda: Caller(request, latencies), host, int(port))
        callers.append(caller)
    await asyncio.sleep(0.5)
    latencies.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    patient_until = started + PATIENCE_SECONDS
    while len(latencies) < LEAST_ANSWERS and time.perf_counter() < patient_until:  # noqa: ASYNC110
        await asyncio.sleep(seconds)
    rate = len(latencies) / (time.perf_counter() - started)
    for caller in callers:
        caller.transport.abort()
    if failed := sum(caller.failed for caller in callers):
        raise SystemExit(f"{failed} answers were not 200")
    return {"rate": rate, "p99_ms": statistics.quantiles(latencies, n=100)[98] * 1000}


@contextlib.contextmanager
def running(name: str, url: str = "") -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, "--serve", name, "--port", str(port), "--url", url])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def measure(options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    names = (
        ["own"]
        if options.client == "own"
        else ["own", *(("aiohttp", "httpx") if options.client == "all" else (options.client,))]
    )
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("direct", *names)}

    async def once(url: str, path: str) -> dict[str, float]:
        return await drive(url, path, connections=options.connections, seconds=options.seconds)

    with contextlib.ExitStack() as stack:
        target = stack.enter_context(running("upstream"))
        proxies = {name: stack.enter_context(running(name, target)) for name in names}
        for _ in range(options.rounds):
            found["direct"].append(uvloop.run(once(target, "/v1/item")))
            for name, url in proxies.items():
                found[name].append(uvloop.run(once(url, "/pos/v1/item")))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", choices=["own", "aiohttp", "httpx", "all"], default="own")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port, options.url)
        return
    found = measure(options)
    rates = {name: statistics.median(run["rate"] for run in runs) for name, runs in found.items()}
    if options.json:
        note = f"{options.connections} connections, small JSON, median of {options.rounds} rounds"
        entry = {
            "name": "gateway.proxy",
            "unit": "requests/s",
            "value": rates["own"],
            "limit": rates["direct"],
            "ratio": rates["own"] / rates["direct"],
            "better": "higher",
            "note": note,
        }
        print(json.dumps(entry))
        return
    for name, runs in found.items():
        p99 = statistics.median(run["p99_ms"] for run in runs)
        print(
            f"{name:8} {rates[name]:8.0f} requests/s  {rates[name] / rates['direct']:6.1%}  p99 {p99:6.1f} ms"
        )


if __name__ == "__main__":
    main()

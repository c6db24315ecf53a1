"""The nginx configuration of deploy/, checked by nginx and used for real; needs an nginx on the machine."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from .proxying import Call, Scripted, scripted

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
TEMPLATE = Path(__file__).parents[3] / "deploy" / "nginx" / "humidor.conf.template"

pytestmark = pytest.mark.skipif(
    NGINX is None, reason="there is no nginx here; `apt-get install nginx-light` makes this run"
)


class Nginx:
    def __init__(self, url: str, pos: Scripted, gateway: Scripted, client: httpx.AsyncClient) -> None:
        self.url = url
        self.pos = pos
        self.gateway = gateway
        self.client = client

    async def raw_status(self, target: str) -> int:
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def render(directory: Path, values: dict[str, str]) -> Path:
    site = TEMPLATE.read_text()
    for name, value in values.items():
        site = site.replace("${" + name + "}", value)
    assert "${" not in site
    (directory / "site.conf").write_text(site)
    folders = "".join(
        f"{kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = directory / "nginx.conf"
    path.write_text(
        f"daemon off; pid {directory}/nginx.pid; error_log stderr warn; worker_processes 1;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ access_log off; {folders} include {directory}/site.conf; }}\n"
    )
    return path


@pytest.fixture
async def nginx(tmp_path: Path) -> AsyncIterator[Nginx]:
    assert NGINX is not None
    async with scripted() as pos, scripted() as gateway:
        port = free_port()
        values = {
            "HUMIDOR_LISTEN": f"127.0.0.1:{port}",
            "HUMIDOR_GATEWAY": gateway.url.removeprefix("http://"),
            "HUMIDOR_POS": pos.url.removeprefix("http://"),
            "HUMIDOR_INVENTORY": f"127.0.0.1:{free_port()}",
            "HUMIDOR_CUSTOMERS": f"127.0.0.1:{free_port()}",
            "HUMIDOR_FORECASTING": f"127.0.0.1:{free_port()}",
        }
        path = render(tmp_path, values)
        command = [NGINX, "-e", "stderr", "-p", str(tmp_path), "-c", str(path)]
        checked = await asyncio.to_thread(subprocess.run, [*command, "-t"], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()
        process = subprocess.Popen(command)  # noqa: ASYNC220 - starts at once
        try:
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, timeout=20) as client:
                for _ in range(200):
                    with contextlib.suppress(OSError):
                        socket.create_connection(("127.0.0.1", port), 1).close()
                        break
                    await asyncio.sleep(0.02)
                yield Nginx(url, pos, gateway, client)
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


async def test_paths_go_where_the_gateway_would_send_them(nginx: Nginx) -> None:
    answer = await nginx.client.get("/pos/v1/sales/a%20b?x=%2F", headers={"Authorization": "Bearer key"})
    lines = answer.text.lower().split("\r\n")
    assert lines[0] == "get /v1/sales/a%20b?x=%2f http/1.1"
    assert "authorization: bearer key" in lines
    assert "x-forwarded-for: 127.0.0.1" in lines
    assert "x-forwarded-prefix: /pos" in lines
    for path in ("/v1/login", "/docs", "/openapi.json", "/.well-known/jwks.json", "/gateway/v1/users"):
        assert (await nginx.client.get(path)).text.startswith(f"GET {path} ")
    assert len(nginx.gateway.heads) == 5


async def test_what_a_client_says_of_itself_does_not_go_through(nginx: Nginx) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    assert "6.6.6.6" not in (await nginx.client.get("/pos/v1/x", headers=headers)).text


@pytest.mark.parametrize(
    "rest", ["../metrics", "%2e%2e/metrics", "a%2fb", "a//b", "a%5cb", "a%00b", "./x", "a%zz", "a%0d"]
)
async def test_paths_that_could_change_their_meaning_are_refused(nginx: Nginx, rest: str) -> None:
    assert await nginx.raw_status(f"/pos/v1/{rest}") == 400
    assert nginx.pos.heads == []


async def test_internals_stay_inside(nginx: Nginx) -> None:
    for path in (
        "/metrics",
        "/statusz",
        "/gateway/metrics",
        "/gateway/statusz",
        "/pos/metrics",
        "/pos/statusz",
        "/inventory/",
    ):
        assert (await nginx.client.get(path)).status_code == 404
    assert nginx.pos.heads == nginx.gateway.heads == []


async def test_failures_are_problem_documents_with_retry_after(nginx: Nginx) -> None:
    answer = await nginx.client.get("/inventory/v1/stock")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    assert answer.json()["status"] == 502


async def test_uploads_stream_and_are_bounded(nginx: Nginx) -> None:
    first_part_came = asyncio.Event()

    async def count(call: Call) -> None:
        await call.head()
        size = 0
        while (length := int(await call.reader.readline(), 16)) > 0:
            size += len(await call.reader.readexactly(length))
            await call.reader.readexactly(2)
            first_part_came.set()
        await call.reader.readexactly(2)
        body = json.dumps({"size": size})
        await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await first_part_came.wait()  # nothing waits for the end of the upload
        for _ in range(20):
            yield b"x" * 1_000_000

    nginx.pos.script = count
    answer = await nginx.client.post("/pos/v1/sales:stream", content=parts())
    assert answer.json() == {"size": 20_001_000}
    refused = await nginx.client.post("/pos/v1/sales", content=b"x" * (8 * 1024 * 1024 + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "too-large")


async def test_events_arrive_as_they_are_sent(nginx: Nginx) -> None:
    read = asyncio.Event()

    async def events(call: Call) -> None:
        await call.head()
        await call.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await read.wait()
        await call.send("data: 2\n\n")

    nginx.pos.script = events
    async with nginx.client.stream("GET", "/pos/v1/x") as answer:
        chunks = answer.aiter_bytes()
        assert await anext(chunks) == b"data: 1\n\n"
        read.set()
        assert await anext(chunks) == b"data: 2\n\n"


async def test_log_ins_are_limited_by_address(nginx: Nginx) -> None:
    answers = await asyncio.gather(*(nginx.client.post("/v1/login", json={}) for _ in range(60)))
    statuses = [answer.status_code for answer in answers]
    assert 429 in statuses
    assert statuses.count(200) >= 20

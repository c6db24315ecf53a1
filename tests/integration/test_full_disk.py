"""A full disk under PostgreSQL: 503 with Retry-After, never a 201 for a sale that is not there."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from humidor_common.auth import generate_signing_key, issue_token, jwks
from humidor_embedded.ports import free_ports
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.postgres_settings import DURABLE

SIZE_MEGABYTES = 180


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MEGABYTES}m", "tmpfs", str(mount)],  # noqa: S607
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield mount
    subprocess.run(["umount", "--lazy", str(mount)], check=True)  # noqa: S607


@pytest.fixture
def postgres(small_disk: Path, tmp_path: Path) -> Iterator[PostgresServer]:
    frugal = dict(DURABLE) | {"max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}
    server = PostgresServer(small_disk, log=tmp_path / "postgres.log", settings=frugal)
    with server:
        server.provision_database("pos", "humidor_pos", "secret")
        yield server


@pytest.fixture
def pos(postgres: PostgresServer, tmp_path: Path) -> Iterator[httpx.Client]:
    """A real pos process on the small disk, its broker out of reach."""
    key = generate_signing_key()
    keys = tmp_path / "jwks.json"
    keys.write_bytes(msgspec.json.encode(jwks([key])))
    (port,) = free_ports(1)
    environment = os.environ | {
        "HUMIDOR_PG_DSN": postgres.dsn("pos", "humidor_pos", "secret"),
        "HUMIDOR_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HUMIDOR_JWKS": str(keys),
        "HUMIDOR_PORT": str(port),
    }
    module = [sys.executable, "-m", "humidor_pos"]
    subprocess.run([*module, "migrate"], env=environment, check=True, capture_output=True)
    with (tmp_path / "pos.log").open("wb") as log:
        process = subprocess.Popen([*module, "api"], env=environment, stdout=log, stderr=log)
    try:
        token = issue_token(key, subject="tester", roles=["admin"])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            wait_alive(http)
            body = {"store_id": "S0001"}
            headers = {"Authorization": f"Bearer {token}"}
            terminal = http.post("/v1/terminals", json=body, headers=headers)
            assert terminal.status_code == 201, terminal.text
            http.headers["Authorization"] = f"Bearer {terminal.json()['key']}"
            yield http
    finally:
        process.terminate()
        process.wait(20)


def wait_alive(http: httpx.Client) -> None:
    for _ in range(200):
        try:
            if http.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("pos did not start")


def batch() -> dict[str, object]:
    line = {"gtin": "06901028000017", "quantity": 1, "unit": "pack", "unit_price": 100}
    sold_at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    return {
        "store_id": "S0001",
        "sold_at": sold_at,
        "currency": "CNY",
        "lines": [line | {"line": n + 1} for n in range(60)],
        "payments": [{"method": "cash", "amount": 6000}],
        "age_check": {"method": "visual", "passed": True},
    }


def sell(http: httpx.Client) -> tuple[str, httpx.Response]:
    sale_id = str(uuid4())
    return sale_id, http.post("/v1/sales", json=batch() | {"sale_id": sale_id})


@pytest.mark.timeout(240)
async def test_a_full_disk_is_a_503_and_no_accepted_sale_is_missing(
    pos: httpx.Client, postgres: PostgresServer, small_disk: Path
) -> None:
    accepted = [sell(pos)[0]]
    filler = small_disk / "filler"
    fill(filler)
    refused = None
    for _ in range(3000):
        sale_id, answer = sell(pos)
        if answer.status_code != 201:
            refused = answer
            break
        accepted.append(sale_id)
    assert refused is not None, "the disk filled up"
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    filler.unlink()
    accepted.append(sell_again(pos, postgres))
    conn = await asyncpg.connect(postgres.dsn("pos", "humidor_pos", "secret"))
    try:
        stored = {str(row["sale_id"]) for row in await conn.fetch("SELECT sale_id FROM sales")}
    finally:
        await conn.close()
    assert set(accepted) <= stored


def fill(filler: Path) -> None:
    """Leave next to nothing free."""
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            return


def sell_again(http: httpx.Client, postgres: PostgresServer) -> str:
    for _ in range(100):
        if not postgres.is_ready():
            postgres.stop()
            postgres.start()
        sale_id, answer = sell(http)
        if answer.status_code == 201:
            return sale_id
        assert answer.status_code == 503, answer.text
        time.sleep(0.3)
    raise AssertionError("pos did not recover")

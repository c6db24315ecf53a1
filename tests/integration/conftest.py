"""One real system, started as a user starts it, for all integration tests."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from humidor_cli.home import Home
from humidor_cli.run.inspect import inspect

HUMIDOR = str(Path(sys.executable).with_name("humidor"))
START_SECONDS = 240


@dataclass
class System:
    """A running system and what a person or another system does with it."""

    home: Path
    port: int
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict)
    printed: str = ""
    """What `humidor up` said when it was started."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"HUMIDOR_HOME": str(self.home), "HUMIDOR_PORT": str(self.port)}

    def cli(self, *arguments: str, check: bool = True) -> Any:
        """Run `humidor … --json` and read its answer."""
        done = subprocess.run(
            [HUMIDOR, *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def up(self, *options: str) -> None:
        command = [HUMIDOR, "up", "--detach", *options]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.printed = done.stdout

    def down(self) -> None:
        subprocess.run([HUMIDOR, "down"], env=self.environment, check=False, timeout=120, capture_output=True)

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.cli("status", check=False)
        return status

    def wait_drained(self, seconds: int = 120) -> dict[str, Any]:
        status: dict[str, Any] = self.cli("status", "--wait", str(seconds))
        return status

    def process(self, name: str) -> dict[str, Any]:
        """Describe a process: `pos api`, `inventory worker`, `kafka`, `postgresql`."""
        described: dict[str, Any] = Home(self.home, self.port).read("state.json")["units"][name]
        return described

    def kill(self, name: str) -> int:
        """Send SIGKILL to one process; gives the id it had."""
        pid = int(self.process(name)["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_ready(self, seconds: float = 90) -> None:
        """Look in this process: the command would take the processor from what it waits for."""
        deadline = time.monotonic() + seconds
        while not (found := asyncio.run(inspect(Home(self.home, self.port))))["ready"]:
            assert time.monotonic() < deadline, found
            time.sleep(0.5)

    def token(self, role: str = "admin", store: str | None = None) -> str:
        key = (role, store or "")
        if key not in self.tokens:
            self.tokens[key] = self.cli("token", "--role", role, *(["--store", store] if store else []))[
                "token"
            ]
        return self.tokens[key]

    def client(self, role: str = "admin", store: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(role, store)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def terminal(self, store: str) -> str:
        """Add a terminal to the store and give its key."""
        key: str = self.cli("terminal", "add", "--store", store)["key"]
        return key

    def logged(self, trace_id: str) -> str:
        """Give what every process logged of one request: the reason of an answer that says only 500."""
        logs = sorted((self.home / "logs").glob("*.log*"))
        lines = (line for log in logs for line in log.read_text(errors="replace").splitlines())
        return "\n".join(line for line in lines if trace_id in line)

    def told(self, *topics: str) -> list[dict[str, Any]]:
        """Read every event that stands in topics by now; those of one topic and key in their order."""
        servers = self.environment_of("inventory worker")["HUMIDOR_KAFKA_BOOTSTRAP_SERVERS"]
        return [json.loads(value) for value in asyncio.run(_read(servers, topics)) if value]

    def publish(self, topic: str, event_type: str, *events: tuple[str, dict[str, Any]]) -> None:
        """Put events onto a topic, each with its key, as the service that owns them does."""
        asyncio.run(_send(f"127.0.0.1:{self.process('kafka')['port']}", topic, event_type, events))

    def environment_of(self, name: str) -> dict[str, str]:
        return psutil.Process(int(self.process(name)["pid"])).environ()


async def _read(bootstrap_servers: str, topics: Iterable[str]) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        read: list[bytes | None] = []
        while any([await consumer.position(each) < end for each, end in ends.items()]):
            batches = await consumer.getmany(timeout_ms=500)
            read += [record.value for records in batches.values() for record in records]
        return read
    finally:
        await consumer.stop()


async def _send(
    bootstrap_servers: str, topic: str, event_type: str, events: Iterable[tuple[str, dict[str, Any]]]
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        for key, event in events:
            headers = {
                "ce_specversion": "1.0",
                "ce_type": event_type,
                "ce_source": f"/humidor/{event_type.partition('.')[0]}",
                "ce_id": str(uuid4()),
                "ce_time": datetime.now(UTC).isoformat(),
                "content-type": "application/json",
            }
            binary = [(name, value.encode()) for name, value in headers.items()]
            await producer.send_and_wait(topic, json.dumps(event).encode(), key=key.encode(), headers=binary)
    finally:
        await producer.stop()


def until(look: Callable[[], Any], what: str, *, seconds: float = 60) -> Any:
    """Look until there is something, and give it; `what` is said where there is nothing in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.3)
    return found


def noon(days_ago: int) -> datetime:
    """Give noon of a day before today as stores in Shanghai count days."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=12, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give the first test the time in which the system starts."""
    if "system" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("timeout"):
        item.add_marker(pytest.mark.timeout(START_SECONDS + 120))


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with tempfile.TemporaryDirectory(prefix="humidor-it-", ignore_cleanup_errors=True) as directory:
        made = System(Path(directory), free_port())
        made.up()
        try:
            yield made
        finally:
            made.down()

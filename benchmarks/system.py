"""The real parts that the benches run on: PostgreSQL, Kafka and the services' own processes."""

import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import msgspec

from humidor_common.auth import SigningKey, generate_signing_key, issue_token, jwks
from humidor_common.ids import uuid7
from humidor_embedded.kafka import KafkaBroker
from humidor_embedded.ports import free_ports
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.postgres_settings import DURABLE
from humidor_embedded.process import Child, Program, tail

NOWHERE = "127.0.0.1:1"
PASSWORD = "bench"  # noqa: S105 - of a database that lives for one run
START_SECONDS = 60
# Commit times and the cost of a flush are what the latency bench reads; neither costs anything to speak of.
_SETTINGS = {**DURABLE, "track_commit_timestamp": "on", "track_wal_io_timing": "on"}


@dataclass(frozen=True)
class Effort:
    """How long to look; the short form has the same paths and less patience."""

    short: bool

    @property
    def rounds(self) -> int:
        return 1 if self.short else 3

    def seconds(self, full: float) -> float:
        return max(1.0, full / 6) if self.short else full

    def many(self, full: int) -> int:
        return full // 20 if self.short else full


@dataclass(frozen=True)
class Process:
    """One running process of a service."""

    child: Child
    port: int

    def counter(self, name: str) -> float:
        """Read the sum of a counter from its metrics."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Database:
    """A service's own database, migrated."""

    server: PostgresServer
    name: str
    package: str

    @property
    def dsn(self) -> str:
        return self.server.dsn(self.name, "bench", PASSWORD)

    def execute(self, sql: str) -> str:
        return self.server.execute(sql, self.name).strip()

    def number(self, sql: str) -> float:
        return float(self.execute(sql) or 0)


class System:
    """Starts parts when they are first asked for, and stops all of them at the end."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self._stack = ExitStack()
        self._numbers = itertools.count(1)
        self._originals: dict[str, Database] = {}
        self._copies: list[Database] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def directory(self) -> Path:
        directory = Path(tempfile.mkdtemp(prefix="humidor-bench-", dir=os.environ.get("BENCH_DIR")))
        self._stack.callback(shutil.rmtree, directory, ignore_errors=True)
        return directory

    @cached_property
    def postgres(self) -> PostgresServer:
        return self._stack.enter_context(PostgresServer(self.directory / "postgres", settings=_SETTINGS))

    @cached_property
    def kafka(self) -> KafkaBroker:
        return self._stack.enter_context(KafkaBroker(self.directory / "kafka"))

    @cached_property
    def signing_key(self) -> SigningKey:
        key = generate_signing_key()
        (self.directory / "jwks.json").write_bytes(msgspec.json.encode(jwks([key])))
        return key

    def database(self, package: str, prepare: Callable[[Database], None], *, kind: str = "shop") -> Database:
        """Make a new database with the package's real migrations and what `prepare` puts there.

        It is prepared once for each `kind`.
        """
        from humidor_common.db.migrate import upgrade

        name = f"bench_{package}_{kind}"
        original = self._originals.get(name)
        if original is None:
            original = self._originals[name] = Database(self.postgres, name, package)
            self.postgres.provision_database(original.name, "bench", PASSWORD)
            upgrade(original.dsn, package)
            prepare(original)
        return self.copy(original)

    def copy(self, original: Database) -> Database:
        """Make a new database with what stands in another one that nobody is connected to."""
        copied = Database(original.server, f"bench_{next(self._numbers)}", original.package)
        self.postgres.execute(f"CREATE DATABASE {copied.name} TEMPLATE {original.name} OWNER bench")
        self._copies.append(copied)
        return copied

    def tidy(self) -> None:
        """Drop what benches have made, so that no vacuum of theirs disturbs the next one."""
        for copied in self._copies:
            self.postgres.execute(f"DROP DATABASE {copied.name} WITH (FORCE)")
        self._copies.clear()

    def checkpoint(self) -> None:
        """Begin each measurement with the same distance from a checkpoint."""
        self.postgres.execute("CHECKPOINT")

    def token(self) -> str:
        return issue_token(self.signing_key, subject="bench", roles=["admin"])

    @contextmanager
    def process(
        self, database: Database, role: str, *, prefix: str | None = None, **settings: object
    ) -> Iterator[Process]:
        """Run `python -m <package> <role>`; without `prefix` it finds no broker."""
        (port,) = free_ports(1)
        self.token()
        values = {
            "PG_DSN": database.dsn,
            "KAFKA_BOOTSTRAP_SERVERS": NOWHERE if prefix is None else self.kafka.bootstrap_servers,
            "TOPIC_PREFIX": prefix or "",
            "JWKS": self.directory / "jwks.json",
            "PORT": port,
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        log = self.directory / f"{database.package}-{role}-{port}.log"
        child = Child(
            Program(
                name=role,
                argv=[sys.executable, "-m", database.package, role],
                log=log,
                env={**os.environ, **{f"HUMIDOR_{name}": str(value) for name, value in values.items()}},
            )
        )
        try:
            _wait_ready(child, port, "healthz" if prefix is None else "readyz", log)
            yield Process(child, port)
        finally:
            child.stop()

    def terminals(self, pos: Process, stores: list[str]) -> dict[str, str]:
        """Register a terminal for each store; gives their keys."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        keys = {}
        with httpx.Client(base_url=f"http://127.0.0.1:{pos.port}", headers=headers) as client:
            for store in stores:
                answer = client.post("/v1/terminals", json={"store_id": store}).raise_for_status()
                keys[store] = answer.json()["key"]
        return keys

    def new_prefix(self) -> str:
        return f"b{uuid7().hex}."


def until(done: Callable[[], bool], *, within_seconds: float, poll_seconds: float = 0.2) -> None:
    """Wait until `done`.

    Raises:
        TimeoutError: It was not in time.
    """
    deadline = time.monotonic() + within_seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(poll_seconds)


def _wait_ready(child: Child, port: int, path: str, log: Path) -> None:
    def ready() -> bool:
        if child.exit_code() is not None:
            raise RuntimeError(f"a process ended while starting:\n{tail(log)}")
        try:
            return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=2).is_success
        except httpx.TransportError:
            return False

    try:
        until(ready, within_seconds=START_SECONDS)
    except TimeoutError:
        raise RuntimeError(f"a process was not ready in time:\n{tail(log)}") from None

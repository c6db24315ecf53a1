"""A real PostgreSQL and a real Kafka for a test session, and databases in milliseconds."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from humidor_common.db.migrate import upgrade
from humidor_common.ids import uuid7

_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, and only a directory of our own is made in it
_ROOM_BYTES = 2 << 30


def scratch_parent() -> str | None:
    """Where engines of tests keep their files: in memory where there is room, else where the system says.

    Making and dropping a database of hundreds of files for each test took half of the time on a disk.
    """
    try:
        room = shutil.disk_usage(_MEMORY).free
    except OSError:
        return None
    return str(_MEMORY) if room >= _ROOM_BYTES and os.access(_MEMORY, os.W_OK) else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give a superuser DSN: of `HUMIDOR_TEST_PG_DSN` where it is set, else of a server started here."""
    configured = os.environ.get("HUMIDOR_TEST_PG_DSN")
    if configured:
        yield configured
        return
    from humidor_embedded.postgres import PostgresServer

    with (
        tempfile.TemporaryDirectory(
            prefix="humidor-pg-", dir=scratch_parent(), ignore_cleanup_errors=True
        ) as directory,
        PostgresServer.for_tests(Path(directory)) as server,
    ):
        yield server.admin_dsn()


@contextmanager
def kafka_broker() -> Iterator[str]:
    """Give bootstrap servers: `HUMIDOR_TEST_KAFKA` where it is set, else of a broker started here."""
    configured = os.environ.get("HUMIDOR_TEST_KAFKA")
    if configured:
        yield configured
        return
    from humidor_embedded.kafka import KafkaBroker

    with (
        tempfile.TemporaryDirectory(
            prefix="humidor-kafka-", dir=scratch_parent(), ignore_cleanup_errors=True
        ) as directory,
        KafkaBroker.for_tests(Path(directory)) as broker,
    ):
        yield broker.bootstrap_servers


def with_database(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


class Databases:
    """Makes databases from one migrated template per service."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    def make(self, package: str | None) -> str:
        """Give the DSN of a new database, migrated for `package`, or empty without one."""
        name = f"test_{uuid7().hex}"
        template = self._template(package) if package else "template1"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._made.append(name)
        return with_database(self._admin_dsn, name)

    def drop_all(self) -> None:
        for name in self._made:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.clear()

    def _template(self, package: str) -> str:
        if package not in self._templates:
            name = f"template_{package}_{uuid7().hex}"
            self._run(f"CREATE DATABASE {name}")
            _in_thread(partial(upgrade, with_database(self._admin_dsn, name), package))
            self._templates[package] = name
        return self._templates[package]

    def _run(self, sql: str) -> None:
        async def execute() -> None:
            conn = await asyncpg.connect(self._admin_dsn)
            try:
                await conn.execute(sql)
            finally:
                await conn.close()

        _in_thread(lambda: asyncio.run(execute()))


def _in_thread(work: Callable[[], None]) -> None:
    """Work where no event loop runs, so that async tests can ask for databases too."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        executor.submit(work).result()

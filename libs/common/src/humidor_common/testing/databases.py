"""Databases for tests, as new as if they had just been migrated, in milliseconds."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from humidor_common.db.migrate import upgrade
from humidor_common.ids import uuid7

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
T = TypeVar("T")

_LEAVE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SETTINGS = """
SELECT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
               WHERE d.datname = current_database())
"""
# A server that has recovered from a crash has begun to count anew.
_COUNTING_SINCE = "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
_WRITTEN = """
SELECT schemaname, format('%I.%I', schemaname, s.relname) AS name
FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname <> 'pg_toast' AND NOT relisshared
"""
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""

_PUT_BACK = "INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, $1::jsonb)"


@dataclass
class _Template:
    """A migrated database, what its migrations put into tables, and copies that a test has finished with."""

    name: str
    rows: dict[str, str]
    spare: list[str] = field(default_factory=list)


class Databases:
    """Lends databases, and lends those that come back again once they are emptied.

    Copying and dropping one of a thousand files takes ten times as long as emptying what a test has written.

    Args:
        admin_dsn: Of a superuser.
    """

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn
        self._templates: dict[str, _Template] = {}
        self._lent: list[tuple[str | None, str]] = []
        self._counting_since: Any = None

    def make(self, package: str | None) -> str:
        """Give the DSN of a database, migrated for `package`, or empty without one."""
        name = self._emptied(self._template(package)) if package else None
        if name is None:
            name = f"test_{uuid7().hex}"
            origin = self._template(package).name if package else "template1"
            self._execute(f"CREATE DATABASE {name} TEMPLATE {origin} STRATEGY file_copy")
        self._lent.append((package, name))
        return with_database(self._admin_dsn, name)

    def take_back(self) -> None:
        """Take back what is lent; nobody may use it any more."""
        for package, name in self._lent:
            if package is None:
                self._drop(name)
            else:
                self._templates[package].spare.append(name)
        self._lent.clear()

    def drop_all(self) -> None:
        self.take_back()
        for template in self._templates.values():
            for name in template.spare:
                self._drop(name)
            template.spare.clear()

    def _template(self, package: str) -> _Template:
        if package not in self._templates:
            name = f"template_{package}_{uuid7().hex}"
            self._execute(f"CREATE DATABASE {name}")
            dsn = with_database(self._admin_dsn, name)
            _in_thread(lambda: upgrade(dsn, package))
            self._templates[package] = _Template(name, _connected(dsn, _rows))
            self._counting_since = _connected(self._admin_dsn, _counting_since)
        return self._templates[package]

    def _emptied(self, template: _Template) -> str | None:
        """Give a spare one as good as new, if there is one; one that is not is dropped."""
        while template.spare:
            name = template.spare.pop()
            dsn = with_database(self._admin_dsn, name)
            if _connected(dsn, lambda conn: _empty(conn, template.rows, self._counting_since)):
                return name
            self._drop(name)
        return None

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        _connected(self._admin_dsn, lambda conn: conn.execute(sql))


def with_database(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def _rows(conn: Connection) -> dict[str, str]:
    """Read what stands in tables, as a document of rows for each that is not empty."""
    tables = [row[0] for row in await conn.fetch(_TABLES)]
    read = "SELECT jsonb_agg(t) FROM {} t"
    rows = {table: await conn.fetchval(read.format(table)) for table in tables}
    return {table: found for table, found in rows.items() if found is not None}


async def _counting_since(conn: Connection) -> Any:
    return await conn.fetchval(_COUNTING_SINCE)


async def _empty(conn: Connection, rows: dict[str, str], counting_since: Any) -> bool:
    """Bring the database to where its template is; False where that cannot be known.

    PostgreSQL counts what is written to each table. Where something was written to its own catalogue, which
    is how tables are changed and analysed, the database is no longer the template's.
    """
    await conn.execute(_LEAVE)
    if await _counting_since(conn) != counting_since or await conn.fetchval(_SETTINGS):
        return False
    written = await conn.fetch(_WRITTEN)
    if any(schema == "pg_catalog" for schema, _ in written):
        return False
    names = [name for _, name in written]
    # Tables that may only grow are emptied like any other.
    await conn.execute("SET session_replication_role = replica")
    if names:
        await conn.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
    for name in rows.keys() & set(names):
        await conn.execute(_PUT_BACK.format(name), rows[name])
    await conn.execute("SELECT pg_stat_force_next_flush()")
    await conn.execute("SELECT pg_stat_reset()")
    return True


def _connected(dsn: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def do() -> T:
        conn = await asyncpg.connect(dsn)
        try:
            return await work(conn)
        finally:
            await conn.close()

    return _in_thread(lambda: asyncio.run(do()))


def _in_thread(work: Callable[[], T]) -> T:
    """Work where no event loop runs, so that async tests can ask for databases too."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(work).result()

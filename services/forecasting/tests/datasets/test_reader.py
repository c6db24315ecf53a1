"""The role of analysts reads the views and nothing else, and writes nowhere."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from humidor_common.testing.plugin import MakeDatabase
from humidor_embedded.postgres_cluster import reader_script

VIEWS = {"accuracy", "demand", "forecasts", "promotions", "scores"}
READABLE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
  AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S') AND CASE c.relkind
      WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT')
      ELSE has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') END
"""
WRITABLE = """
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname <> 'pg_settings' AND
      has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
"""


async def apply(dsn: str, script: str) -> None:
    """Do what psql does with gexec, over a plain connection."""
    conn = await asyncpg.connect(dsn)
    try:
        for part in script.split("\\gexec")[:-1]:
            for row in await conn.fetch(part):
                await conn.execute(row[0])
    finally:
        await conn.close()


@pytest.fixture
async def reader(make_database: MakeDatabase) -> AsyncIterator[str]:
    """A DSN of the role in a database as it is deployed: its own owner, closed to PUBLIC."""
    dsn, role = make_database("humidor_forecasting"), f"reader_{uuid4().hex}"
    parts = urlsplit(dsn)
    database = parts.path.lstrip("/")
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    owner = await admin.fetchval("SELECT current_user")
    for _ in range(2):  # it can be repeated
        await apply(dsn, reader_script(database, owner, role, "secret-1"))
    host = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{role}:secret-1@{host}"))
    await admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await admin.close()


async def test_the_role_reads_every_view_and_can_do_nothing_else(reader: str) -> None:
    conn = await asyncpg.connect(reader)
    assert {row[0] for row in await conn.fetch(READABLE)} == VIEWS
    for view in VIEWS:
        assert await conn.fetch(f"SELECT * FROM {view} LIMIT 1") == []  # noqa: S608 - names of ours
    # Whoever wants to may take the default back: what keeps from writing are privileges.
    await conn.execute("SET default_transaction_read_only = off")
    assert await conn.fetch(WRITABLE) == []
    for statement in (
        "SELECT * FROM public.demand_days",
        "SELECT * FROM public.outbox",
        "INSERT INTO promotions VALUES ('x')",
        "DELETE FROM analytics.promotions",
        "CREATE TABLE t (x int)",
        "CREATE TABLE public.t (x int)",
        "CREATE TEMP TABLE t (x int)",
        "CREATE SCHEMA s",
        "CREATE ROLE r",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1, 2)",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
        "SET ROLE postgres",
        "ALTER ROLE CURRENT_USER SUPERUSER",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    await conn.close()
    elsewhere = urlunsplit(urlsplit(reader)._replace(path="/pos_of_somebody"))
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidCatalogNameError)):
        await asyncpg.connect(elsewhere)

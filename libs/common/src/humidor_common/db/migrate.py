"""Runs any service's alembic history, from its own package, without an ini file."""

import asyncio
from typing import Any

import asyncpg
from alembic import command, context, op
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 4_855_443_111


def upgrade(dsn: str, package: str, revision: str = "head") -> None:
    """Bring the database of `package` (such as `humidor_pos`) to `revision`.

    Concurrent calls wait for each other; a statement that cannot get its lock in 10 s fails instead of
    blocking the running system.
    """
    command.upgrade(_config(dsn, package), revision)


def downgrade(dsn: str, package: str, revision: str) -> None:
    command.downgrade(_config(dsn, package), revision)


def run_sql(sql: str) -> None:
    """Run one or more statements inside a migration (`op.execute` takes just one)."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")
    connection: Any = bind.connection
    connection.run_async(lambda driver: driver.execute(sql))


def run_environment() -> None:
    """The whole of a service's `migrations/env.py`."""
    asyncio.run(_run(context.config.attributes["dsn"]))


async def _run(dsn: str) -> None:
    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn, server_settings={"lock_timeout": "10s"})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        context.run_migrations()


def _config(dsn: str, package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["dsn"] = dsn
    return config

"""Statements over connectors."""

from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.connectors.schemas import ConnectorView

_VIEW = """connector_id, kind, name, enabled, options, mapping, every_minutes, secret_names AS secrets_set,
           pulled_until, pushed_until, due_at, version, changed_at"""
_WRITE = """
INSERT INTO connectors (connector_id, kind, name, enabled, options, mapping, every_minutes, sealed_secrets,
                        secret_names, due_at, version, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (connector_id) DO UPDATE
SET name = $3, enabled = $4, options = $5, mapping = $6, every_minutes = $7, sealed_secrets = $8,
    secret_names = $9, due_at = $10, version = $11, changed_at = $12, sealed_access = NULL,
    pulled_until = CASE WHEN connectors.mapping = $6 THEN connectors.pulled_until END,
    pushed_until = CASE WHEN connectors.mapping = $6 THEN connectors.pushed_until END
"""


async def lock(conn: Connection, connector_id: str) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401004))", connector_id)


async def read(conn: Connection, connector_id: str) -> ConnectorView | None:
    row = await conn.fetchrow(f"SELECT {_VIEW} FROM connectors WHERE connector_id = $1", connector_id)  # noqa: S608
    return None if row is None else ConnectorView(**row)


async def page(conn: Connection, *, after: str, limit: int) -> list[ConnectorView]:
    rows = await conn.fetch(
        f"SELECT {_VIEW} FROM connectors WHERE connector_id > $1 ORDER BY connector_id LIMIT $2",  # noqa: S608
        after,
        limit,
    )
    return [ConnectorView(**row) for row in rows]


async def sealed(conn: Connection, connector_id: str) -> tuple[str | None, str | None]:
    """Give the sealed secrets and the sealed token."""
    row = await conn.fetchrow(
        "SELECT sealed_secrets, sealed_access FROM connectors WHERE connector_id = $1", connector_id
    )
    return (row[0], row[1]) if row else (None, None)


async def write(conn: Connection, connector_id: str, *values: Any, now: datetime) -> None:
    """Write a connector: another mapping begins from the first record again, and a run under way ends."""
    await conn.execute(_WRITE, connector_id, *values, now)
    await conn.execute(
        """UPDATE sync_runs SET state = 'cancelled', ended_at = $2, code = 'connector-changed'
           WHERE connector_id = $1 AND state IN ('queued', 'running', 'waiting')""",
        connector_id,
        now,
    )


async def keep_access(conn: Connection, connector_id: str, version: int, access: str) -> None:
    """Keep a sealed token, unless the connector has changed since it was asked for."""
    await conn.execute(
        "UPDATE connectors SET sealed_access = $3 WHERE connector_id = $1 AND version = $2",
        connector_id,
        version,
        access,
    )

"""Connections to the service's own PostgreSQL database."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import msgspec

from humidor_common.settings import ServiceSettings

if TYPE_CHECKING:
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

TRANSACTION_TIMEOUT_SECONDS = 30
_TRANSACTION_TIMEOUT_SINCE = 17


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


async def prepare_connection(conn: Connection) -> None:
    """Teach a new connection JSON and bound its transactions (the relay's floor rests on that bound)."""
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name, schema="pg_catalog", encoder=_encode_json, decoder=msgspec.json.decode, format="text"
        )
    if conn.get_server_version().major >= _TRANSACTION_TIMEOUT_SINCE:
        await conn.execute(f"SET transaction_timeout = '{TRANSACTION_TIMEOUT_SECONDS}s'")


async def _keep_session(_conn: Connection) -> None:
    """Leave the session as it is between two uses; asyncpg itself rolls back what was left open.

    Its own reset would take back the bound on transactions, and cost a round trip each time. Nobody sets
    anything for a session of the pool: settings are LOCAL, locks end with their transaction.
    """


# For statements that look things up by arrays of keys. Planned anew for each length of the arrays they would
# cost twice as much, and a plan that was made while a table was empty has to hold when it is full.
KEYED = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


async def create_pool(
    settings: ServiceSettings, *, name: str, size: int | None = None, planner: Mapping[str, str] | None = None
) -> Pool:
    """Open a pool; `name` shows in pg_stat_activity.

    Args:
        settings: Of the process.
        name: Of what uses it.
        size: The most connections; those of the settings where it is not given.
        planner: Settings of PostgreSQL's planner, such as `KEYED`, for a pool of few statements.
    """
    return await asyncpg.create_pool(
        settings.pg_dsn,
        min_size=1,
        max_size=size or settings.pg_pool_size,
        init=prepare_connection,
        reset=_keep_session,
        command_timeout=settings.pg_command_timeout_seconds,
        server_settings={"application_name": name, "timezone": "UTC", **(planner or {})},
    )

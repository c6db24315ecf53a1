"""Makes the first administrator, once: `python -m humidor_gateway bootstrap-admin`."""

import asyncio
import json
import sys

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import prepare_connection
from humidor_common.ids import uuid7
from humidor_gateway.settings import GatewaySettings
from humidor_gateway.users.passwords import Passwords, make_one_time_password

USERNAME = "admin"
_LOCK = 7_201_115


def bootstrap_admin(settings: GatewaySettings) -> None:
    """Print the one-time password as JSON, or that there is an administrator already."""
    sys.stdout.write(json.dumps(asyncio.run(make_first_admin(settings.pg_dsn))) + "\n")


async def make_first_admin(dsn: str) -> dict[str, object]:
    """Make the user `admin` unless any user stands; two calls at once make one."""
    conn = await asyncpg.connect(dsn)
    try:
        await prepare_connection(conn)
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if await conn.fetchval("SELECT EXISTS (SELECT FROM users)"):
                return {"already_exists": True}
            password = make_one_time_password()
            password_hash = await Passwords().hash(password)
            await conn.execute(
                "INSERT INTO users "
                "(user_id, username, display_name, password_hash, must_change_password, roles) "
                "VALUES ($1, $2, 'Administrator', $3, true, '{admin}')",
                uuid7(),
                USERNAME,
                password_hash,
            )
            system = Principal(subject="bootstrap", kind="system")
            await audit.record(conn, system, "create", "user", USERNAME, after={"roles": ["admin"]})
    finally:
        await conn.close()
    return {"username": USERNAME, "password": password}

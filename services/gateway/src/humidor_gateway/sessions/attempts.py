"""Remembers failed log-ins by user name and by address, in the database, so that all processes agree."""

from collections.abc import Sequence

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.web.problems import Problem
from humidor_gateway.sessions.rules import ADDRESS, FORGET_AFTER, USER, Attempts, Policy, reserve


async def reserve_attempt(pool: Pool, name: str, address: str) -> None:
    """Count one attempt for the name and the address.

    Raises:
        Problem: 429 while either has to wait; it does not say which, nor whether the name exists.
    """
    wanted: Sequence[tuple[str, Policy]] = [(f"address:{address}", ADDRESS), (name, USER)]
    wait_seconds = 0.0
    async with transaction(pool) as conn:
        for key, policy in wanted:
            outcome = reserve(await _lock(conn, key), utc_now(), policy)
            if isinstance(outcome, Attempts):
                await conn.execute(
                    "UPDATE attempts SET failures = $2, last_at = $3, blocked_until = $4 WHERE key = $1",
                    key,
                    *outcome,
                )
            else:
                wait_seconds = max(wait_seconds, outcome)
    if wait_seconds:
        raise Problem(
            429,
            "too-many-attempts",
            "Too many failed log-ins; wait before the next.",
            headers={"Retry-After": str(int(wait_seconds) + 1)},
        )


async def forgive(conn: Connection, name: str, address: str) -> None:
    """Forget the name's failures after a success, and the one attempt of the address."""
    await conn.execute("DELETE FROM attempts WHERE key = $1", name)
    await conn.execute(
        "UPDATE attempts SET failures = greatest(failures - 1, 0), blocked_until = NULL WHERE key = $1",
        f"address:{address}",
    )


async def _lock(conn: Connection, key: str) -> Attempts:
    await conn.execute(
        "INSERT INTO attempts (key, last_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, utc_now()
    )
    row = await conn.fetchrow(
        "SELECT failures, last_at, blocked_until FROM attempts WHERE key = $1 FOR UPDATE", key
    )
    return Attempts(*row) if row is not None else Attempts()


async def prune(conn: Connection) -> None:
    """Drop what no longer counts: old attempts, log-ins never finished, sessions over for a month."""
    now = utc_now()
    await conn.execute(
        "DELETE FROM attempts WHERE last_at < $1 AND (blocked_until IS NULL OR blocked_until < $2)",
        now - FORGET_AFTER,
        now,
    )
    await conn.execute(
        "DELETE FROM oidc_logins WHERE created_at < $1::timestamptz - interval '15 minutes'", now
    )
    await conn.execute("DELETE FROM sessions WHERE expires_at < $1::timestamptz - interval '30 days'", now)

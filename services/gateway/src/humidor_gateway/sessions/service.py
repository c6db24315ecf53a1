"""Sessions: begun by a password or a provider, kept alive by one-time refresh tokens, ended."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from humidor_common.auth import Principal, scopes_of
from humidor_common.auth.machine_keys import hash_key
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem
from humidor_gateway.sessions.attempts import forgive, reserve_attempt
from humidor_gateway.sessions.keys import Keys
from humidor_gateway.sessions.schemas import LogIn, PasswordChange, Tokens
from humidor_gateway.users.passwords import Passwords, check_new_password, is_outdated
from humidor_gateway.users.service import end_sessions


class Sessions(NamedTuple):
    """What log-ins need; one for each process."""

    pool: Pool
    keys: Keys
    passwords: Passwords
    session_hours: int


async def log_in(sessions: Sessions, login: LogIn, address: str) -> Tokens:
    """Check the password and begin a session; a one-time password is replaced on the way.

    Raises:
        Problem: 401 whatever is wrong, 403 `password-change-required`, 429 after too many failures.
    """
    username = login.username.lower()
    await reserve_attempt(sessions.pool, f"user:{username}", address)
    user = await sessions.pool.fetchrow("SELECT * FROM users WHERE username = $1", username)
    known_hash = user["password_hash"] if user is not None else None
    matches = await sessions.passwords.verify(known_hash, login.password)
    if user is None or not matches or user["state"] != "active":
        raise _refused()
    new_hash = await _replacement(sessions, user, login)
    async with transaction(sessions.pool) as conn:
        fresh = await conn.fetchrow(
            "UPDATE users SET last_login_at = $3, password_hash = coalesce($4, password_hash), "
            "must_change_password = must_change_password AND $4::text IS NULL "
            "WHERE user_id = $1 AND password_hash = $2 AND state = 'active' RETURNING *",
            user["user_id"],
            known_hash,
            utc_now(),
            new_hash,
        )
        if fresh is None:
            raise _refused()
        if login.new_password is not None:
            await end_sessions(conn, user["user_id"], "password-changed")
        await forgive(conn, f"user:{username}", address)
        return await begin(sessions, conn, fresh, address)


async def _replacement(sessions: Sessions, user: asyncpg.Record, login: LogIn) -> str | None:
    if login.new_password is not None:
        check_new_password(login.new_password, user["username"], login.password)
        return await sessions.passwords.hash(login.new_password)
    if user["must_change_password"]:
        detail = "This is a one-time password: log in again with new_password beside it."
        raise Problem(403, "password-change-required", detail)
    return await sessions.passwords.hash(login.password) if is_outdated(user["password_hash"]) else None


async def change_password(
    sessions: Sessions, principal: Principal, change: PasswordChange, address: str
) -> None:
    """Replace one's own password, which ends all of one's sessions."""
    login = LogIn(username=principal.subject, password=change.password, new_password=change.new_password)
    tokens = await log_in(sessions, login, address)
    await log_out(sessions, tokens.refresh_token)


async def begin(sessions: Sessions, conn: Connection, user: asyncpg.Record, address: str) -> Tokens:
    """Begin a session of a user who has proven to be that."""
    session_id = uuid7()
    expires_at = utc_now() + timedelta(hours=sessions.session_hours)
    await conn.execute(
        "INSERT INTO sessions (session_id, user_id, address, expires_at) VALUES ($1, $2, $3, $4)",
        session_id,
        user["user_id"],
        address,
        expires_at,
    )
    return await _tokens(sessions, conn, user, session_id, sessions.session_hours * 3600)


async def refresh(sessions: Sessions, refresh_token: str) -> Tokens:
    """Trade a refresh token for the next pair.

    A token that comes a second time was stolen from one of its two users: the session ends (RFC 9700 §4.14).
    """
    now = utc_now()
    async with transaction(sessions.pool) as conn:
        session_id = await _spend(conn, hash_key(refresh_token), now)
        user = await conn.fetchrow(
            "SELECT users.*, sessions.expires_at FROM sessions JOIN users USING (user_id) "
            "WHERE session_id = $1 AND ended_at IS NULL AND expires_at > $2 AND users.state = 'active' "
            "FOR UPDATE OF sessions",
            session_id,
            now,
        )
        if user is not None and session_id is not None:
            left_seconds = int((user["expires_at"] - now).total_seconds())
            return await _tokens(sessions, conn, user, session_id, left_seconds)
    raise Problem(401, "session-ended", "The session has ended; log in again.")


async def _spend(conn: Connection, token_hash: bytes, now: datetime) -> UUID | None:
    """Use the token up and give its session; end the session where the token was used before."""
    session_id: UUID | None = await conn.fetchval(
        "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL "
        "RETURNING session_id",
        token_hash,
        now,
    )
    if session_id is None:
        await conn.execute(
            "UPDATE sessions SET ended_at = $2, end_reason = 'refresh-token-reused' FROM refresh_tokens "
            "WHERE token_hash = $1 AND refresh_tokens.session_id = sessions.session_id AND ended_at IS NULL",
            token_hash,
            now,
        )
    return session_id


async def log_out(sessions: Sessions, refresh_token: str, *, everywhere: bool = False) -> None:
    """End the session, whether or not it still stands."""
    async with transaction(sessions.pool) as conn:
        user_id: UUID | None = await conn.fetchval(
            "UPDATE sessions SET ended_at = coalesce(ended_at, $2), "
            "end_reason = coalesce(end_reason, 'log-out') WHERE session_id = "
            "(SELECT session_id FROM refresh_tokens WHERE token_hash = $1 AND used_at IS NULL) "
            "RETURNING user_id",
            hash_key(refresh_token),
            utc_now(),
        )
        if everywhere and user_id is not None:
            await end_sessions(conn, user_id, "log-out-everywhere")


async def _tokens(
    sessions: Sessions, conn: Connection, user: asyncpg.Record, session_id: UUID, left_seconds: int
) -> Tokens:
    refresh_token = secrets.token_urlsafe(32)
    await conn.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id) VALUES ($1, $2)",
        hash_key(refresh_token),
        session_id,
    )
    return Tokens(
        access_token=sessions.keys.sign(principal_of(user)),
        expires_in=sessions.keys.ttl_seconds,
        refresh_token=refresh_token,
        refresh_expires_in=left_seconds,
    )


def principal_of(user: asyncpg.Record) -> Principal:
    roles = frozenset(user["roles"])
    stores = user["stores"]
    return Principal(
        subject=user["username"],
        kind="user",
        roles=roles,
        scopes=scopes_of(roles),
        stores=None if stores is None else frozenset(stores),
    )


def _refused() -> Problem:
    return Problem(
        401,
        "invalid-credentials",
        "The user name or password is wrong.",
        headers={"WWW-Authenticate": 'Bearer realm="humidor"'},
    )

"""Users: made, changed, disabled and given new passwords, each change in the audit trail."""

from typing import Any
from uuid import UUID

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, not_found
from humidor_gateway.users.rules import check_grant, check_roles, is_full_admin
from humidor_gateway.users.schemas import NewUser, UserChange, UserView

_COLUMNS = (
    "user_id, username, display_name, roles, stores, state, must_change_password, oidc_issuer, version, "
    "created_at, changed_at, last_login_at"
)
_ADMINS = 7_201_114
# A user with all stores has none in the list, and is nobody's who has only some.
_VISIBLE = "($2::text[] IS NULL OR stores <@ $2 OR username = $3)"


def view(row: asyncpg.Record) -> UserView:
    return UserView.model_validate({name: row[name] for name in UserView.model_fields})


async def create_user(conn: Connection, admin: Principal, new: NewUser, password_hash: str) -> UserView:
    """Make a user who has to replace the password at the first log-in."""
    check_roles(new.roles)
    check_grant(admin, new.stores)
    row = await conn.fetchrow(
        "INSERT INTO users "  # noqa: S608
        "(user_id, username, display_name, password_hash, must_change_password, roles, stores) "
        f"VALUES ($1, $2, $3, $4, true, $5, $6) ON CONFLICT (username) DO NOTHING RETURNING {_COLUMNS}",
        uuid7(),
        new.username,
        new.display_name,
        password_hash,
        new.roles,
        new.stores,
    )
    if row is None:
        raise Problem(409, "username-taken", f"There is already a user {new.username!r}.")
    made = view(row)
    await audit.record(conn, admin, "create", "user", new.username, after=_audited(made))
    return made


async def change_user(
    conn: Connection, admin: Principal, username: str, change: UserChange, version: int | None
) -> UserView:
    """Change what is given; ends the user's sessions where it takes rights away or changes them."""
    before = await _lock(conn, username)
    check_grant(admin, before.stores)
    if version is not None and version != before.version:
        raise Problem(412, "changed-meanwhile", "The user was changed by someone else; read it again.")
    wanted = _changed(before, change)
    check_roles(wanted.roles)
    check_grant(admin, wanted.stores)
    if wanted == before:
        return before
    await _keep_one_admin(conn, before, wanted)
    row = await conn.fetchrow(
        "UPDATE users SET display_name = $2, roles = $3, stores = $4, state = $5, version = version + 1, "  # noqa: S608
        f"changed_at = $6 WHERE user_id = $1 RETURNING {_COLUMNS}",
        before.user_id,
        wanted.display_name,
        wanted.roles,
        wanted.stores,
        wanted.state,
        utc_now(),
    )
    after = view(_present(row))
    if _rights(before) != _rights(after):
        await end_sessions(conn, before.user_id, "rights-changed")
    await audit.record(
        conn,
        admin,
        "change",
        "user",
        username,
        before=_audited(before),
        after=_audited(after),
        reason=change.reason,
    )
    return after


async def reset_password(conn: Connection, admin: Principal, username: str, password_hash: str) -> UserView:
    """Set a one-time password and end the user's sessions."""
    user = await _lock(conn, username)
    check_grant(admin, user.stores)
    if user.oidc_issuer is not None:
        raise Problem(409, "no-password", "This user logs in at another provider and has no password here.")
    row = await conn.fetchrow(
        "UPDATE users SET password_hash = $2, must_change_password = true, version = version + 1, "  # noqa: S608
        f"changed_at = $3 WHERE user_id = $1 RETURNING {_COLUMNS}",
        user.user_id,
        password_hash,
        utc_now(),
    )
    await end_sessions(conn, user.user_id, "password-reset")
    await conn.execute("DELETE FROM attempts WHERE key = $1", f"user:{username}")
    await audit.record(conn, admin, "reset-password", "user", username)
    return view(_present(row))


async def get_user(conn: Connection, reader: Principal, username: str) -> UserView:
    """Find a user of the reader's own stores, or the reader; of others nobody says whether they exist."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM users WHERE username = $1 AND {_VISIBLE}",  # noqa: S608
        username,
        *_sight(reader),
    )
    if row is None:
        raise not_found("user", username)
    return view(row)


async def list_users(conn: Connection, reader: Principal, after: str, limit: int) -> list[UserView]:
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM users WHERE username > $1 AND {_VISIBLE} "  # noqa: S608
        "ORDER BY username LIMIT $4",
        after,
        *_sight(reader),
        limit,
    )
    return [view(row) for row in rows]


async def list_audit(
    conn: Connection, reader: Principal, before_id: int | None, entity_id: str | None, limit: int
) -> list[Any]:
    """Give the newest entries first; who is bound to stores sees those about their users or by themselves."""
    return await conn.fetch(
        f"""SELECT * FROM audit_trail t
            WHERE ($1::bigint IS NULL OR id < $1) AND ($4::text IS NULL OR entity_id = $4)
              AND ($2::text[] IS NULL OR actor = $3 OR (entity = 'user' AND EXISTS (
                  SELECT FROM users WHERE username = t.entity_id AND {_VISIBLE})))
            ORDER BY id DESC LIMIT $5""",  # noqa: S608
        before_id,
        *_sight(reader),
        entity_id,
        limit,
    )


def _sight(reader: Principal) -> tuple[list[str] | None, str]:
    return (None if reader.stores is None else sorted(reader.stores), reader.subject)


async def end_sessions(conn: Connection, user_id: UUID, reason: str) -> None:
    """End all open sessions of a user; access tokens already out run out within their 15 minutes."""
    await conn.execute(
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE user_id = $1 AND ended_at IS NULL",
        user_id,
        utc_now(),
        reason,
    )


async def _lock(conn: Connection, username: str) -> UserView:
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM users WHERE username = $1 FOR UPDATE", username)  # noqa: S608
    if row is None:
        raise not_found("user", username)
    return view(row)


async def _keep_one_admin(conn: Connection, before: UserView, wanted: UserView) -> None:
    if not is_full_admin(before.roles, before.stores, before.state):
        return
    if is_full_admin(wanted.roles, wanted.stores, wanted.state):
        return
    # Two administrators disabling each other at once must not both succeed.
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _ADMINS)
    others = await conn.fetchval(
        "SELECT count(*) FROM users WHERE 'admin' = ANY (roles) AND stores IS NULL AND state = 'active' "
        "AND user_id <> $1",
        before.user_id,
    )
    if not others:
        raise Problem(409, "last-admin", "This is the last administrator of all stores.")


def _changed(before: UserView, change: UserChange) -> UserView:
    values = change.model_dump(exclude_none=True, exclude={"reason", "all_stores"})
    if change.all_stores:
        values["stores"] = None
    return before.model_copy(update=values)


def _rights(user: UserView) -> tuple[object, ...]:
    return (user.roles, user.stores, user.state)


def _present(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise Problem(409, "changed-meanwhile", "The user was changed by someone else; try again.")
    return row


def _audited(user: UserView) -> dict[str, object]:
    return user.model_dump(mode="json", include={"display_name", "roles", "stores", "state"})

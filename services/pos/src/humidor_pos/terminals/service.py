"""Registers terminals, changes their keys and shuts them out."""

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import hash_key, make_key
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, not_found
from humidor_pos.revisions import next_revision
from humidor_pos.terminals.rules import PREFIX
from humidor_pos.terminals.schemas import NewTerminal, TerminalKey, TerminalView

DIRECTORY = "terminals"

_VIEW = "terminal_id, store_id, name, state, created_at, rotated_at, revoked_at, last_seen_at"


async def register_terminal(conn: Connection, principal: Principal, new: NewTerminal) -> TerminalKey:
    """Register a terminal of a store; the answer holds the only copy of its key."""
    principal.check_store(new.store_id)
    terminal_id = uuid7().hex
    key = make_key(PREFIX, terminal_id)
    await conn.execute(
        "INSERT INTO terminals (terminal_id, store_id, name, key_hash, revision) VALUES ($1, $2, $3, $4, $5)",
        terminal_id,
        new.store_id,
        new.name,
        hash_key(key),
        await next_revision(conn, DIRECTORY),
    )
    await audit.record(conn, principal, "register", "terminal", terminal_id, after=new)
    return TerminalKey(terminal_id=terminal_id, key=key)


async def rotate_key(conn: Connection, principal: Principal, terminal_id: str) -> TerminalKey:
    """Give a terminal another key; the old one ends at once."""
    revision = await next_revision(conn, DIRECTORY)
    terminal = await get_terminal(conn, principal, terminal_id)
    if terminal.state == "revoked":
        raise Problem(409, "terminal-revoked", "A revoked terminal gets no new key; register another one.")
    key = make_key(PREFIX, terminal_id)
    await conn.execute(
        "UPDATE terminals SET key_hash = $2, rotated_at = now(), revision = $3 WHERE terminal_id = $1",
        terminal_id,
        hash_key(key),
        revision,
    )
    await audit.record(conn, principal, "rotate-key", "terminal", terminal_id)
    return TerminalKey(terminal_id=terminal_id, key=key)


async def revoke_terminal(conn: Connection, principal: Principal, terminal_id: str) -> TerminalView:
    """Shut a terminal out for good; doing it again changes nothing."""
    revision = await next_revision(conn, DIRECTORY)
    terminal = await get_terminal(conn, principal, terminal_id)
    if terminal.state == "revoked":
        return terminal
    await conn.execute(
        "UPDATE terminals SET state = 'revoked', revoked_at = now(), revision = $2 WHERE terminal_id = $1",
        terminal_id,
        revision,
    )
    await audit.record(
        conn,
        principal,
        "revoke",
        "terminal",
        terminal_id,
        before={"state": "active"},
        after={"state": "revoked"},
    )
    return await get_terminal(conn, principal, terminal_id)


async def get_terminal(conn: Connection, principal: Principal, terminal_id: str) -> TerminalView:
    row = await conn.fetchrow(
        f"SELECT {_VIEW} FROM terminals WHERE terminal_id = $1",  # noqa: S608 - columns are a constant
        terminal_id,
    )
    if row is None:
        raise not_found("terminal", terminal_id)
    principal.check_store(row["store_id"])
    return TerminalView(**row)


async def list_terminals(
    conn: Connection, principal: Principal, store_id: str | None, after: str, limit: int
) -> list[TerminalView]:
    if store_id is not None:
        principal.check_store(store_id)
        stores: list[str] | None = [store_id]
    else:
        stores = None if principal.stores is None else sorted(principal.stores)
    rows = await conn.fetch(
        f"SELECT {_VIEW} FROM terminals WHERE terminal_id > $1 AND ($2::text[] IS NULL OR store_id = ANY($2))"  # noqa: S608 - columns are a constant
        " ORDER BY terminal_id LIMIT $3",
        after,
        stores,
        limit,
    )
    return [TerminalView(**row) for row in rows]

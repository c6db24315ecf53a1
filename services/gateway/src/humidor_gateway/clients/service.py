"""Systems: registered, changed, given new secrets, and their tokens by client credentials."""

import secrets

import asyncpg

from humidor_common import audit
from humidor_common.auth import SCOPES, Principal
from humidor_common.auth.machine_keys import fits, hash_key
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_gateway.clients.schemas import ClientChange, ClientView, ClientWithSecret, NewClient
from humidor_gateway.users.rules import check_grant

_COLUMNS = "client_id, name, scopes, stores, state, version, created_at, changed_at, last_used_at"
_NO_SECRET = hash_key("")


class OAuthRefusal(Exception):  # noqa: N818 - RFC 6749 §5.2 calls it an error response
    """A refusal of the token endpoint, in OAuth's own words."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


def view(row: asyncpg.Record) -> ClientView:
    return ClientView.model_validate(dict(row))


async def authenticate(pool: Pool, client_id: str, secret: str, wanted: str) -> Principal:
    """Prove a system by its secret and narrow its scopes to the wanted ones.

    Raises:
        OAuthRefusal: `invalid_client` or `invalid_scope`.
    """
    row = await pool.fetchrow("SELECT * FROM clients WHERE client_id = $1", client_id)
    # A secret has 256 bits of chance, so a plain hash is enough and a look-up tells nothing by its time.
    expected = _NO_SECRET if row is None else row["secret_hash"]
    matches = fits(secret, expected)
    if row is None or not matches or row["state"] != "active":
        raise OAuthRefusal(401, "invalid_client", "The client or its secret is wrong.")
    granted = frozenset(row["scopes"])
    asked = frozenset(wanted.split()) or granted
    if not asked <= granted:
        raise OAuthRefusal(400, "invalid_scope", "The client may not have all of these scopes.")
    await pool.execute("UPDATE clients SET last_used_at = $2 WHERE client_id = $1", client_id, utc_now())
    stores = row["stores"]
    return Principal(
        subject=client_id,
        kind="system",
        scopes=asked,
        stores=None if stores is None else frozenset(stores),
    )


async def register_client(conn: Connection, admin: Principal, new: NewClient) -> ClientWithSecret:
    _check_scopes(new.scopes)
    check_grant(admin, new.stores)
    secret = secrets.token_urlsafe(32)
    row = await conn.fetchrow(
        "INSERT INTO clients (client_id, name, secret_hash, scopes, stores) VALUES ($1, $2, $3, $4, $5) "  # noqa: S608
        f"ON CONFLICT (client_id) DO NOTHING RETURNING {_COLUMNS}",
        new.client_id,
        new.name,
        hash_key(secret),
        new.scopes,
        new.stores,
    )
    if row is None:
        raise Problem(409, "client-id-taken", f"There is already a client {new.client_id!r}.")
    made = view(row)
    await audit.record(conn, admin, "register", "client", new.client_id, after=_audited(made))
    return ClientWithSecret(client=made, client_secret=secret)


async def change_client(
    conn: Connection, admin: Principal, client_id: str, change: ClientChange, version: int | None
) -> ClientView:
    before = await _lock(conn, client_id)
    check_grant(admin, before.stores)
    if version is not None and version != before.version:
        raise Problem(412, "changed-meanwhile", "The client was changed by someone else; read it again.")
    values = change.model_dump(exclude_none=True, exclude={"reason", "all_stores"})
    if change.all_stores:
        values["stores"] = None
    wanted = before.model_copy(update=values)
    _check_scopes(wanted.scopes)
    check_grant(admin, wanted.stores)
    if wanted == before:
        return before
    row = await conn.fetchrow(
        "UPDATE clients SET name = $2, scopes = $3, stores = $4, state = $5, version = version + 1, "  # noqa: S608
        f"changed_at = $6 WHERE client_id = $1 RETURNING {_COLUMNS}",
        client_id,
        wanted.name,
        wanted.scopes,
        wanted.stores,
        wanted.state,
        utc_now(),
    )
    after = view(_present(row, client_id))
    await audit.record(
        conn,
        admin,
        "change",
        "client",
        client_id,
        before=_audited(before),
        after=_audited(after),
        reason=change.reason,
    )
    return after


async def rotate_secret(conn: Connection, admin: Principal, client_id: str) -> ClientWithSecret:
    """Replace the secret; the old one stops at once."""
    before = await _lock(conn, client_id)
    check_grant(admin, before.stores)
    secret = secrets.token_urlsafe(32)
    row = await conn.fetchrow(
        "UPDATE clients SET secret_hash = $2, version = version + 1, changed_at = $3 "  # noqa: S608
        f"WHERE client_id = $1 RETURNING {_COLUMNS}",
        client_id,
        hash_key(secret),
        utc_now(),
    )
    await audit.record(conn, admin, "rotate-secret", "client", client_id)
    return ClientWithSecret(client=view(_present(row, client_id)), client_secret=secret)


async def get_client(conn: Connection, client_id: str) -> ClientView:
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM clients WHERE client_id = $1", client_id)  # noqa: S608
    return view(_present(row, client_id))


async def list_clients(conn: Connection, after: str, limit: int) -> list[ClientView]:
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM clients WHERE client_id > $1 ORDER BY client_id LIMIT $2",  # noqa: S608
        after,
        limit,
    )
    return [view(row) for row in rows]


async def _lock(conn: Connection, client_id: str) -> ClientView:
    query = f"SELECT {_COLUMNS} FROM clients WHERE client_id = $1 FOR UPDATE"  # noqa: S608
    return view(_present(await conn.fetchrow(query, client_id), client_id))


def _present(row: asyncpg.Record | None, client_id: str) -> asyncpg.Record:
    if row is None:
        raise not_found("client", client_id)
    return row


def _check_scopes(scopes: list[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise invalid("scopes", f"has no such scope: {unknown[0]}" if unknown else "needs at least one scope")


def _audited(client: ClientView) -> dict[str, object]:
    return client.model_dump(mode="json", include={"name", "scopes", "stores", "state"})

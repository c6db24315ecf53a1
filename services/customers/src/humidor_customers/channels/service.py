"""Keeps accounts with providers, and under which names customers are known there."""

from datetime import datetime
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.sealing import SealBroken, Sealer
from humidor_common.db.pool import Connection
from humidor_common.delivery.targets import TargetRefused, check_target
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.channels.adapter import Account
from humidor_customers.channels.schemas import (
    NEEDED,
    SECRETS,
    URLS,
    AccountInput,
    AccountView,
    HandleInput,
    HandleView,
)
from humidor_customers.parties import Party, PartyView, lock
from humidor_customers.sealing import sealer_of
from humidor_customers.settings import CustomersSettings

_WRITE = """
INSERT INTO channel_accounts (account_id, adapter, name, settings, secrets, sealed_secrets, secret_names,
                              enabled, version, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (account_id) DO UPDATE SET name = $3, settings = $4, secrets = $5, sealed_secrets = $6,
    secret_names = $7, enabled = $8, version = $9, changed_at = $10, changed_by = $11
"""
# Accounts that were made before secrets were sealed, or where there was no key.
_PLAIN = (
    "SELECT account_id, secrets FROM channel_accounts WHERE secrets <> '{}' ORDER BY 1 LIMIT 100 FOR UPDATE"
)
_SEAL = """
UPDATE channel_accounts SET sealed_secrets = $2, secrets = '{}' WHERE account_id = $1
"""
_BIND = """
INSERT INTO channel_handles (account_id, handle, party_kind, party_id, added_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, handle) DO UPDATE SET party_kind = $3, party_id = $4, added_at = $5
"""


async def put_account(
    conn: Connection,
    principal: Principal,
    account: tuple[str, AccountInput],
    settings: CustomersSettings,
    *,
    if_match: str | None,
    now: datetime,
) -> AccountView:
    """Make or change an account; its adapter stays. Its secrets are sealed and never given back.

    Raises:
        Problem: 409 `adapter-differs`, `no-connector-key`, `seal-broken`; 412; 422 naming the setting.
    """
    account_id, given = account
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7407003))", account_id)
    row = await conn.fetchrow("SELECT * FROM channel_accounts WHERE account_id = $1", account_id)
    check_match(if_match, row["version"] if row else None)
    config = given.config.model_dump()
    adapter = config.pop("adapter")
    if row is not None and row["adapter"] != adapter:
        raise Problem(409, "adapter-differs", f"This account is one of {row['adapter']}; make another one.")
    told = {name: value for name in SECRETS[adapter] if (value := config.pop(name)) is not None}
    names = sorted({*told, *(row["secret_names"] if row else ())})
    for name in NEEDED[adapter]:
        if name not in names:
            raise invalid(f"config.{name}", "is needed")
    _check_urls(config, private=settings.delivery_private_targets)
    secrets = _sealed(settings, account_id, row, told)
    values = (account_id, adapter, given.name, config, *secrets, names, given.enabled)
    await conn.execute(_WRITE, *values, row["version"] + 1 if row else 1, now, principal.subject)
    after = await get_account(conn, account_id)
    before = row and _view(row)
    await audit.record_put(conn, principal, ("channel_account", account_id), before, after)
    return after


def _sealed(
    settings: CustomersSettings, account_id: str, row: Any, told: dict[str, str]
) -> tuple[dict[str, str], str | None]:
    """Give what is kept of an account's secrets: those that nobody has sealed yet, and the sealed ones."""
    if not told and row is not None:
        return row["secrets"], row["sealed_secrets"]
    if not told:
        return {}, None
    sealer = sealer_of(settings)
    try:
        kept = _opened(sealer, row) if row is not None else {}
    except SealBroken as error:
        if not set(row["secret_names"]) <= set(told):
            raise Problem(409, "seal-broken", "The kept secrets cannot be opened; give all anew.") from error
        kept = {}
    return {}, sealer.seal(_owner(account_id), kept | told)


def _opened(sealer: Sealer, row: Any) -> dict[str, str]:
    return {**row["secrets"], **sealer.open(_owner(row["account_id"]), row["sealed_secrets"])}


def _owner(account_id: str) -> str:
    """Name the account among those that seal with the same keys: connectors have names of their own."""
    return f"channel {account_id}"


async def seal_plain(conn: Connection, sealer: Sealer) -> bool:
    """Seal secrets that stand there as they are; gives whether there may be more."""
    if not sealer:
        return False
    rows = await conn.fetch(_PLAIN)
    for row in rows:
        await conn.execute(_SEAL, row["account_id"], sealer.seal(_owner(row["account_id"]), row["secrets"]))
    return bool(rows)


def _check_urls(config: dict[str, Any], *, private: bool) -> None:
    for name in URLS:
        if name in config:
            config[name] = config[name].rstrip("/")
            try:
                check_target("webhook", config[name], private=private)
            except TargetRefused as error:
                raise invalid(f"config.{name}", str(error)) from error


async def get_account(conn: Connection, account_id: str) -> AccountView:
    row = await conn.fetchrow("SELECT * FROM channel_accounts WHERE account_id = $1", account_id)
    if row is None:
        raise not_found("channel account", account_id)
    return _view(row)


async def list_accounts(conn: Connection, *, after: str, limit: int) -> list[AccountView]:
    rows = await conn.fetch(
        "SELECT * FROM channel_accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2", after, limit
    )
    return [_view(row) for row in rows]


async def load_account(conn: Connection, account_id: str, sealer: Sealer | None = None) -> Account:
    """Read an account; with a sealer with its secrets, for sending and receiving.

    Raises:
        Problem: 404, also where it is switched off; 409 `seal-broken`.
    """
    row = await conn.fetchrow(
        """SELECT account_id, adapter, settings, secrets, sealed_secrets, cursor FROM channel_accounts
           WHERE account_id = $1 AND enabled""",
        account_id,
    )
    if row is None:
        raise not_found("channel account in use", account_id)
    try:
        secrets = _opened(sealer, row) if sealer is not None else {}
    except SealBroken as error:
        detail = "The account's secrets cannot be opened with HUMIDOR_CONNECTOR_KEYS; give them anew."
        raise Problem(409, "seal-broken", detail) from error
    return Account(account_id, row["adapter"], row["settings"], secrets, row["cursor"])


async def bind(
    conn: Connection, principal: Principal, account_id: str, given: HandleInput, *, now: datetime
) -> HandleView:
    """Say whose name it is over there; what comes in under it belongs to that customer from now on."""
    await get_account(conn, account_id)
    await lock(conn, principal, given.customer.party)
    await bind_handle(conn, account_id, given.handle, given.customer.party, now=now)
    after = {"account_id": account_id}
    await audit.record(conn, principal, "bind", "channel_handle", "/".join(given.customer.party), after=after)
    return HandleView(account_id=account_id, handle=given.handle, customer=given.customer, added_at=now)


async def bind_handle(conn: Connection, account_id: str, handle: str, party: Party, *, now: datetime) -> None:
    await conn.execute(_BIND, account_id, handle, *party, now)


async def handles_of(conn: Connection, principal: Principal, party: Party) -> list[HandleView]:
    """Read under which names a customer is known; that somebody has read it stands in the trail."""
    rows = await conn.fetch(
        """SELECT account_id, handle, added_at FROM channel_handles
           WHERE party_kind = $1 AND party_id = $2 ORDER BY account_id, handle""",
        *party,
    )
    await audit.record(conn, principal, "read", "channel_handle", "/".join(party))
    customer = PartyView(**party._asdict())
    return [HandleView(customer=customer, **row) for row in rows]


def _view(row: Any) -> AccountView:
    shown = {name: row[name] for name in AccountView.model_fields if name != "secrets"}
    return AccountView(**shown, secrets=row["secret_names"])

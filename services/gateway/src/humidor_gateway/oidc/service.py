"""Log-in at an OpenID Connect provider: authorization code with PKCE, state and nonce."""

import re
import secrets
from typing import Any, NamedTuple

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import hash_key
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.ids import uuid7
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.problems import Problem, unavailable
from humidor_gateway.oidc.provider import Provider
from humidor_gateway.oidc.rules import (
    Refused,
    authorization_url,
    code_challenge,
    parse_roles,
    roles_of,
    stores_of,
)
from humidor_gateway.sessions.schemas import Tokens
from humidor_gateway.sessions.service import Sessions, begin

log = get_logger(__name__)


class Started(NamedTuple):
    """Where to send the browser, and the secret it keeps as a cookie."""

    location: str
    browser_secret: str


async def start(sessions: Sessions, provider: Provider) -> Started:
    """Begin a log-in; what it needs at its end waits in the database for any process to find."""
    try:
        discovery = await provider.discover()
    except Refused as refused:
        log.warning("oidc provider failed", extra={"reason": str(refused)})
        raise unavailable("The log-in provider is not reachable.", retry_after_seconds=5) from refused
    state, nonce, browser_secret = (secrets.token_urlsafe(32) for _ in range(3))
    code_verifier = secrets.token_urlsafe(48)
    await sessions.pool.execute(
        "INSERT INTO oidc_logins (state_hash, browser_hash, nonce, code_verifier, created_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        hash_key(state),
        hash_key(browser_secret),
        nonce,
        code_verifier,
        utc_now(),
    )
    parameters = {
        "response_type": "code",
        "client_id": provider.settings.oidc_client_id,
        "redirect_uri": provider.settings.oidc_redirect_url,
        "scope": provider.settings.oidc_scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge(code_verifier),
        "code_challenge_method": "S256",
    }
    return Started(authorization_url(discovery.authorization_endpoint, parameters), browser_secret)


async def finish(
    sessions: Sessions, provider: Provider, *, code: str, state: str, browser_secret: str, address: str
) -> Tokens:
    """End a log-in that this browser began, once.

    Raises:
        Problem: 401 where anything does not fit, 403 where the provider gives the user no role.
    """
    begun = await sessions.pool.fetchrow(
        "DELETE FROM oidc_logins WHERE state_hash = $1 AND browser_hash = $2 "
        "AND created_at > $3::timestamptz - interval '10 minutes' RETURNING nonce, code_verifier",
        hash_key(state),
        hash_key(browser_secret),
        utc_now(),
    )
    if begun is None:
        raise _refused("This log-in was not begun here, was used before, or took too long.")
    try:
        claims = await provider.redeem(code, begun["code_verifier"], begun["nonce"])
    except Refused as refused:
        log.warning("oidc log-in refused", extra={"reason": str(refused)})
        raise _refused("The provider's answer was not accepted.") from refused
    settings = provider.settings
    roles = roles_of(claims, settings.oidc_roles_claim, parse_roles(settings.oidc_roles))
    if not roles:
        raise Problem(403, "no-role", "The provider gives this user no role here.")
    async with transaction(sessions.pool) as conn:
        user = await _find_or_create(conn, provider, claims, roles)
        if user["state"] != "active":
            raise _refused("This user is disabled.")
        return await begin(sessions, conn, user, address)


async def _find_or_create(
    conn: Connection, provider: Provider, claims: dict[str, Any], roles: list[str]
) -> asyncpg.Record:
    """Know the user by issuer and subject alone: names and addresses can be given to someone else."""
    settings = provider.settings
    claim = settings.oidc_stores_claim
    stores = stores_of(claims, claim) if claim else None
    row = await conn.fetchrow(
        "UPDATE users SET roles = $3, last_login_at = $6, "
        "stores = CASE WHEN $4 THEN $5::text[] ELSE stores END "
        "WHERE oidc_issuer = $1 AND oidc_subject = $2 RETURNING *",
        settings.oidc_issuer,
        claims["sub"],
        roles,
        bool(claim),
        stores,
        utc_now(),
    )
    if row is not None:
        return row
    username = await _free_name(conn, claims)
    # Without a claim for them an administrator has to hand out the stores.
    row = await conn.fetchrow(
        "INSERT INTO users "
        "(user_id, username, display_name, roles, stores, oidc_issuer, oidc_subject, last_login_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING *",
        uuid7(),
        username,
        str(claims.get("name", ""))[:100].replace("\x00", ""),
        roles,
        stores if claim else [],
        settings.oidc_issuer,
        claims["sub"],
        utc_now(),
    )
    if row is None:
        raise _refused("The same user or name was made at this very moment; try again.")
    system = Principal(subject="oidc", kind="system")
    await audit.record(conn, system, "create", "user", username, after={"roles": roles})
    return row


async def _free_name(conn: Connection, claims: dict[str, Any]) -> str:
    wanted = str(claims.get("preferred_username") or claims.get("email") or "user").lower()
    name = re.sub(r"[^a-z0-9._@-]", "-", wanted).lstrip("._@-")[:50] or "user"
    taken = await conn.fetchval("SELECT EXISTS (SELECT FROM users WHERE username = $1)", name)
    return f"{name}-{secrets.token_hex(4)}" if taken else name


def _refused(detail: str) -> Problem:
    return Problem(401, "log-in-refused", detail)

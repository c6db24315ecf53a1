"""Systems, for administrators, and the token endpoint they use themselves."""

import base64
import binascii
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Form, Header, Path, Request, Response

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_gateway.clients import service
from humidor_gateway.clients.schemas import (
    ClientChange,
    ClientView,
    ClientWithSecret,
    NewClient,
    SystemToken,
)
from humidor_gateway.clients.service import OAuthRefusal
from humidor_gateway.sessions.api import address_of, sessions_of
from humidor_gateway.sessions.attempts import forgive, reserve_attempt

router = APIRouter(tags=["clients"])

Admin = Annotated[Principal, Depends(require("gateway:admin"))]
Reader = Annotated[Principal, Depends(require("gateway:read"))]
ClientId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
IfMatch = Annotated[str | None, Header(pattern=r'^(W/)?"[0-9]{1,9}"$')]
Text = Annotated[str, Form(max_length=2000, pattern=r"^[^\x00]*$")]


@router.post(
    "/oauth/token", responses={400: {"description": "OAuth error"}, 401: {"description": "OAuth error"}}
)
async def issue_system_token(
    request: Request,
    response: Response,
    grant_type: Text = "",
    client_id: Text = "",
    client_secret: Text = "",
    scope: Text = "",
) -> SystemToken:
    """Give a system a token for its id and secret (RFC 6749 §4.4), by HTTP Basic or in the form."""
    if grant_type != "client_credentials":
        raise OAuthRefusal(400, "unsupported_grant_type", "Only client_credentials is supported.")
    basic = _basic(request.headers.get("authorization", ""))
    if basic and client_secret:
        raise OAuthRefusal(
            400, "invalid_request", "Send the secret in the header or in the form, not in both."
        )
    name, secret = basic or (client_id, client_secret)
    sessions, address = sessions_of(request), address_of(request)
    await reserve_attempt(sessions.pool, f"client:{name[:64]}", address)
    principal = await service.authenticate(sessions.pool, name, secret, scope)
    async with sessions.pool.acquire() as conn:
        await forgive(conn, f"client:{name[:64]}", address)
    response.headers["Cache-Control"] = "no-store"
    return SystemToken(
        access_token=sessions.keys.sign(principal),
        expires_in=sessions.keys.ttl_seconds,
        scope=" ".join(sorted(principal.scopes)),
    )


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        separator = ""
    if not separator or "\x00" in name:
        raise OAuthRefusal(401, "invalid_client", "The Basic credentials cannot be read.")
    return unquote_plus(name), unquote_plus(secret)


# No Idempotency-Key: it would keep the secret in the database. The id makes a repeat a 409.
@router.post("/v1/clients", status_code=201)
async def register_client(conn: Tx, admin: Admin, new: NewClient) -> ClientWithSecret:
    return await service.register_client(conn, admin, new)


@router.get("/v1/clients")
async def list_clients(
    conn: Read, _reader: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ClientView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    items = await service.list_clients(conn, after, limit + 1)
    more = len(items) > limit
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].client_id) if more else None)


@router.get("/v1/clients/{client_id}")
async def get_client(conn: Read, _reader: Reader, client_id: ClientId, response: Response) -> ClientView:
    client = await service.get_client(conn, client_id)
    response.headers["ETag"] = f'"{client.version}"'
    return client


@router.patch("/v1/clients/{client_id}")
async def change_client(
    conn: Tx,
    admin: Admin,
    client_id: ClientId,
    change: ClientChange,
    response: Response,
    if_match: IfMatch = None,
) -> ClientView:
    version = int(if_match.removeprefix("W/").strip('"')) if if_match else None
    client = await service.change_client(conn, admin, client_id, change, version)
    response.headers["ETag"] = f'"{client.version}"'
    return client


@router.post("/v1/clients/{client_id}:rotate-secret")
async def rotate_secret(conn: Tx, admin: Admin, client_id: ClientId) -> ClientWithSecret:
    return await service.rotate_secret(conn, admin, client_id)

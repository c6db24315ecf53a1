"""FastAPI dependencies that prove the caller and check a scope."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from humidor_common.auth.principal import Principal
from humidor_common.auth.scopes import SCOPES
from humidor_common.auth.tokens import InvalidToken, TokenVerifier
from humidor_common.web.problems import Problem

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="bearer",
    description="An access token from the gateway.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def unauthorized(detail: str, *, error: str | None = None) -> Problem:
    """Build the 401 of RFC 6750; `error` is left out when no credential came at all."""
    challenge = 'Bearer realm="humidor"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


async def authenticate(request: Request, credentials: Credentials) -> Principal:
    """Prove the caller by its bearer token, whatever its scopes.

    Raises:
        Problem: 401 without a valid token.
    """
    if credentials is None:
        raise unauthorized("This needs an access token: Authorization: Bearer <token>.")
    verifier: TokenVerifier = request.app.state.runtime.verifier
    try:
        return await verifier.verify(credentials.credentials)
    except InvalidToken as error:
        raise unauthorized(f"The access token is refused: {error}.", error="invalid_token") from error


Authenticated = Annotated[Principal, Depends(authenticate)]


@cache
def require(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Make the dependency that lets only callers with the scope through.

    Example:
        `principal: Annotated[Principal, Depends(require("inventory:write"))]`

    Raises:
        ValueError: There is no such scope; raised on import, not on the first request.
    """
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}")

    async def authorize(principal: Authenticated) -> Principal:
        principal.check_scope(scope)
        return principal

    return authorize

"""Log-in, refresh, log-out and the published keys."""

from fastapi import APIRouter, Request, Response

from humidor_common.web.authorization import Authenticated
from humidor_common.web.problems import Problem
from humidor_gateway.sessions import service
from humidor_gateway.sessions.schemas import LogIn, LogOut, Me, PasswordChange, Refresh, Tokens
from humidor_gateway.sessions.service import Sessions

router = APIRouter(tags=["sessions"])


def sessions_of(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.runtime.get(Sessions)
    return sessions


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/v1/login")
async def log_in(request: Request, response: Response, login: LogIn) -> Tokens:
    """Log in with user name and password; 403 `password-change-required` asks for `new_password` too."""
    response.headers["Cache-Control"] = "no-store"
    return await service.log_in(sessions_of(request), login, address_of(request))


@router.post("/v1/refresh")
async def refresh(request: Request, response: Response, asked: Refresh) -> Tokens:
    """Trade the refresh token for a new pair; each can be used once."""
    response.headers["Cache-Control"] = "no-store"
    return await service.refresh(sessions_of(request), asked.refresh_token)


@router.post("/v1/logout", status_code=204)
async def log_out(request: Request, asked: LogOut) -> None:
    """End the session."""
    await service.log_out(sessions_of(request), asked.refresh_token, everywhere=asked.everywhere)


@router.post("/v1/password", status_code=204)
async def change_password(request: Request, principal: Authenticated, change: PasswordChange) -> None:
    """Change one's own password; all sessions end."""
    if principal.kind != "user":
        raise Problem(403, "no-password", "Only users have passwords.")
    await service.change_password(sessions_of(request), principal, change, address_of(request))


@router.get("/v1/me")
async def me(principal: Authenticated) -> Me:
    """Show what the caller's token proves."""
    return Me(
        subject=principal.subject,
        kind=principal.kind,
        roles=sorted(principal.roles),
        scopes=sorted(principal.scopes),
        stores=None if principal.stores is None else sorted(principal.stores),
    )


@router.get("/.well-known/jwks.json")
async def published_keys(request: Request, response: Response) -> dict[str, list[dict[str, str]]]:
    """Give the public keys that access tokens are verified with (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=60"
    published: dict[str, list[dict[str, str]]] = sessions_of(request).keys.published()
    return published

"""Log-in at the provider, for browsers."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response

from humidor_common.web.problems import Problem
from humidor_gateway.oidc import service
from humidor_gateway.oidc.provider import Provider
from humidor_gateway.sessions.api import address_of, sessions_of
from humidor_gateway.sessions.schemas import Tokens

router = APIRouter(prefix="/v1/oidc", tags=["sessions"])

COOKIE = "humidor_oidc"
Text = Annotated[str, Query(max_length=4096, pattern=r"^[^\x00]*$")]


def provider_of(request: Request) -> Provider:
    provider: Provider = request.app.state.runtime.get(Provider)
    if not provider.settings.oidc_issuer:
        raise Problem(404, "oidc-not-configured", "No log-in provider is configured.")
    return provider


@router.get("/login", status_code=302)
async def start_oidc_login(request: Request) -> Response:
    """Send the browser to the provider."""
    started = await service.start(sessions_of(request), provider_of(request))
    response = Response(status_code=302, headers={"Location": started.location, "Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        started.browser_secret,
        max_age=600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=provider_of(request).settings.oidc_redirect_url.startswith("https://"),
    )
    return response


@router.get("/callback")
async def finish_oidc_login(
    request: Request,
    response: Response,
    code: Text = "",
    state: Text = "",
    error: Text = "",
    humidor_oidc: Annotated[str, Cookie(max_length=100)] = "",
) -> Tokens:
    """Take the browser back from the provider and begin the session."""
    provider = provider_of(request)
    if error or not code or not state or not humidor_oidc:
        raise Problem(
            401, "log-in-refused", f"The provider did not log in: {error[:60] or 'incomplete answer'}."
        )
    response.headers["Cache-Control"] = "no-store"
    response.delete_cookie(COOKIE, path="/")
    return await service.finish(
        sessions_of(request),
        provider,
        code=code,
        state=state,
        browser_secret=humidor_oidc,
        address=address_of(request),
    )

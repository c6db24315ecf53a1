"""The service: its slices, and what its process keeps open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from starlette.responses import JSONResponse

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime, beside
from humidor_common.service import Routes, Service
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.app import create_app
from humidor_gateway.apidocs import api as apidocs
from humidor_gateway.apidocs.collector import Collector
from humidor_gateway.clients import api as clients
from humidor_gateway.clients.service import OAuthRefusal
from humidor_gateway.oidc import api as oidc
from humidor_gateway.oidc.provider import Provider
from humidor_gateway.proxy.gateway import Gateway
from humidor_gateway.sessions import api as sessions
from humidor_gateway.sessions.attempts import prune
from humidor_gateway.sessions.keys import Keys
from humidor_gateway.sessions.service import Sessions
from humidor_gateway.settings import GatewaySettings
from humidor_gateway.users import api as users
from humidor_gateway.users.passwords import Passwords

PRUNE_EVERY_SECONDS = 600

log = get_logger(__name__)


@asynccontextmanager
async def api_context(runtime: Runtime) -> AsyncIterator[None]:
    """Open the keys, the hashing threads and the provider."""
    settings = cast("GatewaySettings", runtime.settings)
    passwords = Passwords()
    provider = Provider(settings)
    runtime.put(passwords)
    runtime.put(provider)
    runtime.put(Collector(settings.upstream_urls))
    runtime.put(Sessions(runtime.pool, Keys(settings), passwords, settings.session_hours))
    try:
        async with beside(_prune(runtime)):
            yield
    finally:
        await provider.close()
        passwords.close()


async def _prune(runtime: Runtime) -> None:
    while True:
        try:
            async with transaction(runtime.pool) as conn:
                await prune(conn)
        except DATABASE_ERRORS as error:
            log.warning("pruning failed, trying again later", extra={"error": repr(error)})
        await asyncio.sleep(PRUNE_EVERY_SECONDS)


ROUTES = Routes((sessions.router, oidc.router, users.router, clients.router, apidocs.router))
SERVICE = Service(
    name="gateway",
    title="Humidor gateway",
    package="humidor_gateway",
    routes=lambda: ROUTES,
    settings=GatewaySettings,
    api_context=api_context,
    uses_bus=False,
)


def create_gateway(settings: GatewaySettings) -> Gateway:
    """Make the whole: the proxy outside, the gateway's own app inside."""
    own = create_app(SERVICE, settings)
    # FastAPI's own description stands first; ours, of all services, takes its place.
    own.router.routes = [route for route in own.router.routes if getattr(route, "name", "") != "openapi"]
    own.add_exception_handler(OAuthRefusal, _answer_oauth)
    return Gateway(own, settings)


async def _answer_oauth(_request: Any, error: Exception) -> JSONResponse:
    refusal = cast("OAuthRefusal", error)
    headers = {"Cache-Control": "no-store"}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="humidor"'
    document = {"error": refusal.error, "error_description": refusal.description}
    return JSONResponse(document, status_code=refusal.status, headers=headers)

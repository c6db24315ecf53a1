"""Makes the HTTP application of one process of a service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp

from humidor_common import runtime
from humidor_common.service import Role, Routes, Service
from humidor_common.settings import ServiceSettings
from humidor_common.web import deadletters, errors, exports, health
from humidor_common.web.fastlane import FastLane
from humidor_common.web.middleware import RequestContext

# Each request has its span, its metrics and its log line from `RequestContext`.
_NO_MORE_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Application(FastAPI):
    """FastAPI from `RequestContext` inwards.

    That one answers every error and limits every body, so what FastAPI puts around all middleware finds
    nothing to do, at about a tenth of what a sale costs the process.
    """

    def build_middleware_stack(self) -> ASGIApp:
        layer: Any = super().build_middleware_stack()
        while not isinstance(layer, RequestContext):
            layer = layer.app
        return layer


def create_app(service: Service, settings: ServiceSettings, role: Role = "api") -> FastAPI:
    """Make the app; while it runs `app.state.runtime` holds the process's runtime.

    A worker serves only health and metrics.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with runtime.start(service, settings, role) as running:
            app.state.runtime = running
            yield

    app = Application(
        title=service.title,
        version=version("humidor-common"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_MORE_TELEMETRY,
    )
    routes = service.routes() if role == "api" else Routes(())
    if routes.fast or routes.shortcuts:
        app.add_middleware(FastLane, routes=routes.fast, shortcuts=routes.shortcuts)
    exports.install(app, service.direct_rows)
    app.add_middleware(
        RequestContext,
        body_limit_bytes=settings.body_limit_bytes,
        access_log=settings.access_log,
        streams=routes.streams,
    )
    errors.install(app)
    routers = [health.router, *routes.routers]
    if role == "api" and service.uses_bus:
        routers.append(deadletters.make_router(service.name))
    # The routes themselves: `include_router` makes another of each at the first request, for a second.
    for router in routers:
        app.router.routes.extend(router.routes)
    return app

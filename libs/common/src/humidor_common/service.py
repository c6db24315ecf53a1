"""A service: its name, its slices, what it consumes and how its processes start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter
from fastapi.routing import APIRoute

from humidor_common.events import EVENTS
from humidor_common.messaging.rebuild import Projection
from humidor_common.messaging.subscription import Subscription
from humidor_common.settings import ServiceSettings

if TYPE_CHECKING:
    from humidor_common.runtime import Runtime
    from humidor_common.web.shortcuts import Shortcut

Role = Literal["api", "worker"]
Context = Callable[["Runtime"], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Routes:
    """What a service answers over HTTP.

    Args:
        routers: One for each slice.
        fast: Routes of these routers with fixed paths, called past FastAPI's own handling. Those that end in
            `:stream` read their body piece by piece, so it has no limit.
        shortcuts: Short ways to further routes of them with fixed paths, for requests that are plainly right.
    """

    routers: tuple[APIRouter, ...]
    fast: tuple[APIRoute, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()

    @property
    def streams(self) -> frozenset[str]:
        """The paths whose bodies have no limit."""
        return frozenset(route.path for route in self.fast if route.path.endswith(":stream"))


@dataclass(frozen=True)
class Service:
    """Declares one service.

    Args:
        name: `pos`; also the first part of its events' types and of its path at the gateway.
        title: For the API description.
        package: Import name; holds `migrations`.
        routes: Gives its routes. It imports them itself: only the HTTP process asks, and to import the
            routes of a large service takes seconds and 30 MB.
        subscriptions: What its worker consumes.
        projections: What `rebuild` makes anew.
        settings: The class of its settings.
        api_context: Opens what its HTTP process needs beyond the common runtime.
        worker_context: The same for its worker.
        uses_bus: False for a service that neither tells nor consumes events.
        direct_rows: The longest list that is answered with a file; a job of the service makes longer ones.
            None: files of any length are answered.
    """

    name: str
    title: str
    package: str
    routes: Callable[[], Routes]
    subscriptions: tuple[Subscription, ...] = ()
    projections: tuple[Projection, ...] = ()
    settings: type[ServiceSettings] = ServiceSettings
    api_context: Context | None = None
    worker_context: Context | None = None
    uses_bus: bool = True
    direct_rows: int | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that this service alone writes."""
        return tuple({e.TOPIC for e in EVENTS.values() if e.TYPE.split(".", 1)[0] == self.name})

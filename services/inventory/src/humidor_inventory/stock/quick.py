"""The ordinary question for a store's stock, answered past FastAPI's resolving of parameters.

That took half of the time of an answer. Whatever is not quite ordinary (another parameter, a value that needs
a closer look, a token that is not in order) goes the ordinary way, so there is one contract and one set of
refusals.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.auth.tokens import InvalidToken
from humidor_common.runtime import Runtime
from humidor_common.web.pagination import DEFAULT_LIMIT
from humidor_inventory.units.rules import UNITS, Unit, normalise_gtin

SCOPE = "inventory:read"
_STORE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_LIMIT = re.compile(r"[1-9][0-9]{0,2}|1000")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Question(NamedTuple):
    """What is asked for, checked."""

    store_id: str
    gtin: str | None
    unit: Unit
    cursor: str | None
    limit: int


Answer = Callable[[Runtime, Question], Awaitable[Response]]


def quick_route(answer: Answer) -> type[APIRoute]:
    """Make the class of a route that gives ordinary questions to `answer`, and others to FastAPI."""

    class QuickRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            ordinary = super().get_route_handler()

            async def handle(request: Request) -> Response:
                question = ask(request.scope["query_string"])
                if question is None:
                    return await ordinary(request)
                runtime: Runtime = request.app.state.runtime
                principal = await _prove(runtime, request)
                if principal is None or not principal.may_use_store(question.store_id):
                    return await ordinary(request)
                return await answer(runtime, question)

            return handle

    return QuickRoute


def ask(query: bytes) -> Question | None:
    """Read an ordinary question; None for any other."""
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    values = dict(given)
    store_id, unit = values.pop("store_id", ""), values.pop("unit", "pack")
    gtin, cursor = values.pop("gtin", None), values.pop("cursor", None)
    limit = values.pop("limit", str(DEFAULT_LIMIT))
    known = len(given) == len(dict(given)) and not values
    if not known or not _STORE_ID.fullmatch(store_id) or unit not in UNITS or not _LIMIT.fullmatch(limit):
        return None
    if cursor is not None and not 0 < len(cursor) <= 1000:
        return None
    try:
        gtin = gtin and normalise_gtin(gtin)
    except ValueError:
        return None
    return None if gtin == "" else Question(store_id, gtin, unit, cursor, int(limit))


async def _prove(runtime: Runtime, request: Request) -> Principal | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    try:
        principal = await runtime.verifier.verify(token)
    except InvalidToken:
        return None
    return principal if SCOPE in principal.scopes else None

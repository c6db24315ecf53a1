"""A short way for requests that come by the thousand and have nothing wrong with them."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.auth.tokens import TokenVerifier
from humidor_common.web.idempotency import Idempotent, idempotent, is_key

M = TypeVar("M", bound=BaseModel)

_JSON = b"application/json"


@dataclass(frozen=True)
class Shortcut:
    """Calls a route's endpoint with arguments that are read without FastAPI.

    `call` gives None for every request that is not plainly right. That one takes FastAPI's way, where it is
    refused as ever: so nothing about refusals stands here.
    """

    route: APIRoute
    call: Callable[[Request, bytes], Coroutine[Any, Any, Response] | None]


class Plain(NamedTuple, Generic[M]):
    """A request with nothing wrong: whose it is, what it says, and its `Idempotency-Key`."""

    principal: Principal
    document: M
    idempotency: Idempotent


def read_plain(request: Request, body: bytes, model: type[M], *, scope: str) -> Plain[M] | None:
    """Read a request whose caller is known and has the scope, and whose JSON is the document.

    Gives None where anything about it is not so, or is not known without asking.
    """
    headers = dict(request.scope["headers"])
    if headers.get(b"content-type") != _JSON or len(headers) < len(request.scope["headers"]):
        return None
    principal = _recall(request, headers.get(b"authorization", b""))
    key = headers[b"idempotency-key"].decode("latin-1") if b"idempotency-key" in headers else None
    if principal is None or scope not in principal.scopes or (key is not None and not is_key(key)):
        return None
    try:
        document = model.model_validate(json.loads(body))
    except (ValueError, RecursionError):
        return None
    return Plain(principal, document, idempotent(request, body, principal, key))


def _recall(request: Request, authorization: bytes) -> Principal | None:
    scheme, _, token = authorization.partition(b" ")
    verifier: TokenVerifier = request.app.state.runtime.verifier
    return verifier.recall(token.decode("latin-1")) if scheme.lower() == b"bearer" else None

"""Endpoints that terminals call often, kept clear of what a framework would do for each request."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from humidor_common.clock import utc_now
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import bearer
from humidor_common.web.problems import Problem
from humidor_pos.facts.reading import openapi_schema
from humidor_pos.terminals.directory import Terminal, Terminals, bearer_token

JSON = b"application/json"

RawEndpoint = Callable[[Request], Awaitable[ASGIApp]]


class RawRoute(APIRoute):
    """A route whose endpoint gets the request as it is, and whose OpenAPI is given beside it.

    FastAPI's own handler resolves dependencies and opens exit stacks for each request, which costs as much
    as decoding, judging and queueing a sale do together.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405, headers={"Allow": ", ".join(self.methods or ())})
        answer = await self.endpoint(Request(scope, receive, send))
        await answer(scope, receive, send)


class RawAnswer:
    """A JSON answer of bytes that are ready."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", JSON), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class RawStream:
    """An answer that goes on while the request does.

    Starlette's own would listen for a disconnect meanwhile, and thereby take parts of the request away.
    """

    __slots__ = ("chunks", "media_type")

    def __init__(self, chunks: AsyncIterator[bytes], media_type: str) -> None:
        self.chunks = chunks
        self.media_type = media_type

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.media_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for chunk in self.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def raw_route(
    path: str,
    endpoint: RawEndpoint,
    *,
    document: Any,
    example: Any,
    answers: dict[int | str, dict[str, Any]],
    media_type: str = "application/json",
) -> RawRoute:
    """Make a POST route; `document` is the wire document whose schema and example the API shows."""
    content = {media_type: {"schema": openapi_schema(document), "example": example}}
    return RawRoute(
        path,
        endpoint,
        methods=["POST"],
        response_model=None,
        dependencies=[Depends(bearer)],
        responses={**answers, **PROBLEMS},
        status_code=min(int(status) for status in answers),
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )


def answer(description: str, schema: Any, example: Any) -> dict[str, Any]:
    """Describe one answer for OpenAPI."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": description, "content": content}


_PROBLEM = {
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "errors": {"type": "array", "items": {"type": "object"}},
                    "trace_id": {"type": "string"},
                },
            }
        }
    }
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not readable as JSON", **_PROBLEM},
    401: {"description": "The key is missing, wrong or revoked", **_PROBLEM},
    403: {"description": "The key is of another store", **_PROBLEM},
    409: {"description": "The id was used before with another content", **_PROBLEM},
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "The body is not sent as JSON", **_PROBLEM},
    422: {"description": "A field cannot be taken; `errors` names it", **_PROBLEM},
    429: {"description": "The terminal asks too often", **_PROBLEM},
    503: {"description": "It may not be stored; send it again after Retry-After", **_PROBLEM},
}


async def authenticate(request: Request) -> tuple[Runtime, Terminal]:
    """Prove the calling terminal from the raw request."""
    runtime: Runtime = request.scope["app"].state.runtime
    terminals = runtime.get(Terminals)
    terminal = await terminals.authenticate(bearer_token(request.scope["headers"]))
    terminals.note_seen(terminal, utc_now())
    return runtime, terminal


def check_content_type(request: Request, wanted: bytes = JSON) -> None:
    """Refuse what does not say that it is JSON.

    Raises:
        Problem: 415.
    """
    for name, value in request.scope["headers"]:
        if name == b"content-type":
            if value.partition(b";")[0].strip().lower() == wanted:
                return
            break
    raise Problem(415, "unsupported-media-type", f"Send it as {wanted.decode()}.")


async def read_body(request: Request) -> bytes:
    """Read the whole body.

    Raises:
        Problem: 400 when the caller went away before its end.
    """
    receive = request.receive
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    chunks = [message.get("body", b"")]
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    if message["type"] != "http.request":
        raise Problem(400, "truncated", "The body ended before its declared length.")
    return b"".join(chunks)


def check_store(terminal: Terminal, store_id: str) -> None:
    """Refuse a fact of another store.

    Raises:
        Problem: 403.
    """
    if store_id != terminal.store_id:
        raise Problem(403, "store-forbidden", f"This credential is not valid for store {store_id[:64]!r}.")

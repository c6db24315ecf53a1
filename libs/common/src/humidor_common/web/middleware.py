"""What surrounds every request: its trace, its limit of size, its metrics and its log line."""

import time
from typing import Any

from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.metrics import HTTP_REQUEST_SECONDS
from humidor_common.telemetry.traces import span
from humidor_common.web.errors import answer, problem_response
from humidor_common.web.problems import Problem

log = get_logger("humidor.access")
_observers: dict[tuple[str, str, int], Any] = {}


class TooLarge(Problem):
    """The body passes the limit; raised while it is read."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, "too-large", f"The body is larger than {limit_bytes} bytes.")


class RequestContext:
    """A plain ASGI middleware: Starlette's base class would cost more than a sale does."""

    def __init__(
        self, app: ASGIApp, *, body_limit_bytes: int, access_log: bool, streams: frozenset[str] = frozenset()
    ) -> None:
        self.app = app
        self.body_limit_bytes = body_limit_bytes
        # Whole paths: a parameter that ends like a stream must not lift the limit of a route that buffers.
        self.streams = streams
        self.access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        started = time.perf_counter()
        status: int | None = None

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = headers.get(b"traceparent", b"").decode("latin-1") or None
        with span("http request", parent=parent, kind=SpanKind.SERVER):
            try:
                await self._limited(headers, scope, receive, send_noting_status)
            except Exception as error:
                if status is not None:
                    raise  # the answer is under way; only breaking it off tells the caller
                await answer(error)(scope, receive, send_noting_status)
            finally:
                self._note(scope, status or 500, time.perf_counter() - started)

    async def _limited(self, headers: dict[bytes, bytes], scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.body_limit_bytes
        declared = headers.get(b"content-length")
        if scope["path"] in self.streams:
            await self.app(scope, receive, send)
        elif declared is None:
            await self.app(scope, _counting(receive, limit), send)
        elif declared.isdigit() and int(declared) <= limit:
            await self.app(scope, receive, send)
        else:
            await problem_response(TooLarge(limit))(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        key = (scope["method"], route, status)
        observer = _observers.get(key)
        if observer is None:
            observer = _observers[key] = HTTP_REQUEST_SECONDS.labels(key[0], route, str(status))
        observer.observe(seconds)
        if self.access_log or status >= 500:
            extra = {"method": key[0], "path": scope["path"], "status": status, "seconds": round(seconds, 6)}
            log.info("request", extra=extra)


def _counting(receive: Receive, limit: int) -> Receive:
    """Stop a body of undeclared length at the limit."""
    read = 0

    async def receive_counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise TooLarge(limit)
        return message

    return receive_counted

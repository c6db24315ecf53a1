"""uvicorn's HTTP/1.1 protocol with what it lacks: bounded request heads, and one write for a small answer."""

import asyncio
from typing import Any, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from humidor_common.web.problems import Problem

MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
BODY_STALL_SECONDS = 60.0


class _Corked:
    """Holds the head of a response back until its body comes, at most to the next turn of the loop.

    uvicorn writes head and body by themselves and uvloop sends each at once; every write wakes the reader,
    which costs more than all of our own work on a small answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            self._transport.write(self._held + data)
            self._held = b""
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedHttp(HttpToolsProtocol):
    """For `uvicorn.run(http=BoundedHttp)`.

    A request head may have 64 KiB (431 otherwise) and must be complete in 10 s (408), so that neither endless
    nor trickling headers hold memory or connections. A body of which nothing more comes for 60 s, although
    it is waited for, is given up (408, or a broken answer where that has begun).
    """

    _reading_head = False
    _reading_body = False
    _head_bytes = 0
    _body_seen = 0.0
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        corked = _Corked(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", corked))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._reading_body = False
        if self._body_timer is not None:
            self._body_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._reading_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._reading_body:
            self._expect_body()
        if self._reading_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(
                Problem(431, "head-too-large", f"A request head has at most {MAX_HEAD_BYTES} bytes.")
            )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        size = sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
        self._reading_head = False
        self._stop_timer()
        if size > MAX_HEAD_BYTES:
            self._refuse_head()
            raise httptools.HttpParserError("the head is too large")
        if self.parser.get_http_version() not in ("1.1", "1.0"):
            raise httptools.HttpParserError("neither HTTP/1.1 nor 1.0")
        self._reading_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._reading_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "malformed-request", msg))

    def _refuse_head(self) -> None:
        self._refuse(Problem(431, "head-too-large", f"A request head has at most {MAX_HEAD_BYTES} bytes."))

    def _expect_head(self) -> None:
        self._reading_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self._reading_head:
            self._refuse(Problem(408, "request-timeout", "The request head took too long."))

    def _expect_body(self) -> None:
        self._body_seen = self.loop.time()
        if self._body_timer is None:
            self._body_timer = self.loop.call_later(BODY_STALL_SECONDS, self._look_at_body)

    def _look_at_body(self) -> None:
        self._body_timer = None
        if not self._reading_body:
            return
        idle = self.loop.time() - self._body_seen
        if self.flow.read_paused:  # it is we who are slow
            self._expect_body()
        elif idle < BODY_STALL_SECONDS:
            self._body_timer = self.loop.call_later(BODY_STALL_SECONDS - idle, self._look_at_body)
        elif self.cycle.response_started:
            self.transport.abort()
        else:
            self._refuse(Problem(408, "request-timeout", "Nothing more of the request's body came."))

    def _refuse(self, problem: Problem) -> None:
        if self.transport.is_closing():
            return
        body = msgspec.json.encode(problem.document())
        head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(STATUS_LINE[problem.status] + head % len(body) + body)
        self.transport.close()

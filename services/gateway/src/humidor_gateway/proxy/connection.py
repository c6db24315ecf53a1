"""One HTTP/1.1 connection to an upstream, straight on asyncio and llhttp.

A general client (aiohttp, httpx) builds requests, responses, cookies and timers that a proxy throws away;
`docs/decisions/0007-gateway-proxy-client.md` has the measurement.
"""

import asyncio
from typing import Literal, cast

import httptools

READ_HIGH_WATER_BYTES = 256 * 1024
MAX_HEAD_BYTES = 64 * 1024
_BODILESS = frozenset({204, 304})
# uvicorn adds its own date and server; the others concern one connection only (RFC 9110 §7.6.1).
_DROPPED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
        b"server",
    }
)

Failure = Literal["unreachable", "busy", "broken", "timeout", "gone"]


class UpstreamFailure(Exception):  # noqa: N818 - the kind says whether it is an error at all
    """The exchange cannot go on; `kind` says why, `gone` meaning that the client left."""

    def __init__(self, kind: Failure, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time; the pool hands it out and takes it back."""

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._writing_paused = False
        self._reading_paused = False
        self.closed = False
        self.idle_since = 0.0
        self.exchanges = 0
        self.begin(head_only=False)

    def begin(self, *, head_only: bool) -> None:
        """Forget the last exchange."""
        self.head_only = head_only
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.head_complete = False
        self.complete = False
        self.reusable = True
        self.failure: Exception | None = None
        self.deadline = 0.0
        self._connection_tokens: tuple[bytes, ...] = ()
        self._sized = False
        self._head_bytes = 0
        self._chunks: list[bytes] = []
        self._buffered_bytes = 0

    # -- what the proxy calls

    async def head(self) -> None:
        """Wait for the status line and headers of the final response."""
        while not self.head_complete:
            await self._wait()

    async def body(self) -> tuple[bytes, bool]:
        """Wait for body bytes; gives them and whether more may follow."""
        while not self._chunks and not self.complete:
            await self._wait()
        chunks, self._chunks = self._chunks, []
        self._buffered_bytes = 0
        if self._reading_paused and not self.closed:
            self._reading_paused = False
            self.transport.resume_reading()
        return (chunks[0] if len(chunks) == 1 else b"".join(chunks)), not self.complete

    async def write(self, data: bytes) -> None:
        """Send request bytes, waiting while the upstream takes no more."""
        if self.failure is not None:
            raise self.failure
        self.transport.write(data)
        if self._writing_paused:
            self._writable = self._loop.create_future()
            await self._writable

    @property
    def untouched(self) -> bool:
        """Whether not one byte of a response has come."""
        return self._head_bytes == 0

    def fail(self, kind: Failure, detail: str) -> None:
        """End the exchange: whoever waits gets the failure, and the connection is not used again."""
        self.refuse(UpstreamFailure(kind, detail))

    def refuse(self, failure: Exception) -> None:
        """End the exchange with an exception of the caller's own."""
        if self.failure is None and not self.complete:
            self.failure = failure
        self.reusable = False
        self._wake()
        if not self.closed:
            self.transport.abort()

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.reusable = False
        if self.head_complete and not self.complete and not self._sized and exc is None:
            self.complete = True  # a body without a length ends with its connection
        if not self.complete and self.failure is None:
            self.failure = UpstreamFailure("broken", "the connection was closed")
        self._wake()

    def data_received(self, data: bytes) -> None:
        if self.complete or self.failure is not None:
            self.reusable = False
            self.transport.abort()  # bytes that nobody asked for: never let them answer the next request
            return
        if not self.head_complete:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail("broken", "the answer is not HTTP/1.1")
            return
        if not self.head_complete and self._head_bytes > MAX_HEAD_BYTES:
            self.fail("broken", "the answer's headers are too large")
            return
        if self._buffered_bytes > READ_HIGH_WATER_BYTES and not self._reading_paused and not self.complete:
            self._reading_paused = True
            self.transport.pause_reading()
        if self.head_complete:
            self._wake()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    # -- what llhttp calls

    def on_message_begin(self) -> None:
        if self.complete:
            raise httptools.HttpParserError("a second answer to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower()):
            self._sized = True
        elif name == b"connection":
            self._connection_tokens = tuple(token.strip().lower() for token in value.split(b","))
        if name not in _DROPPED:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            return
        self.status = status
        if self._connection_tokens:
            named = self._connection_tokens
            self.headers = [header for header in self.headers if header[0] not in named]
        if not self._parser.should_keep_alive():
            self.reusable = False
        self.head_complete = True
        if status in _BODILESS:
            self._sized = self.complete = True
            self.headers = [header for header in self.headers if header[0] != b"content-length"]
        elif self.head_only:
            # llhttp does not know that this was a HEAD and would wait for the body.
            self._sized = self.complete = True
            self._parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered_bytes += len(body)

    def on_message_complete(self) -> None:
        if self.head_complete:
            self.complete = True

    # -- waiting

    async def _wait(self) -> None:
        if self.failure is not None:
            raise self.failure
        self._waiter = self._loop.create_future()
        await self._waiter
        if self.failure is not None and not self._chunks:
            raise self.failure

    def _wake(self) -> None:
        for waiter in (self._waiter, self._writable):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

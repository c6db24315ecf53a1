"""The proxied path: plain ASGI, so that nothing stands between the socket and the upstream."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from humidor_common.web.problems import Problem
from humidor_gateway.proxy.connection import UpstreamConnection, UpstreamFailure
from humidor_gateway.proxy.pool import UpstreamPool
from humidor_gateway.proxy.rules import REPEATABLE, is_event_stream

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHUNKED = b"transfer-encoding: chunked\r\n"

_PROBLEMS = {
    "unreachable": (503, "upstream-unreachable", "The service is not reachable right now.", "2"),
    "busy": (503, "upstream-busy", "The service has more requests than it can take.", "1"),
    "broken": (502, "upstream-failed", "The service broke off the exchange.", "1"),
    "timeout": (504, "upstream-timeout", "The service did not answer in time.", "5"),
}


class Exchange:
    """One request on its way to an upstream and its response on the way back."""

    def __init__(
        self, pool: UpstreamPool, receive: Receive, send: Send, *, method: str, body_limit: int
    ) -> None:
        self._pool = pool
        self._receive = receive
        self._send = send
        self._method = method
        self._body_limit = body_limit
        self._connection: UpstreamConnection | None = None
        self._beside: asyncio.Task[None] | None = None
        self._uploading = False
        self._read_bytes = 0
        self._loop = asyncio.get_running_loop()
        self.status = 0

    async def run(self, head: bytes, *, has_body: bool, chunked: bool) -> None:
        """Carry the request through.

        Raises:
            Problem: Nothing was sent to the client yet and it should get this.
            UpstreamFailure: The response had begun or the client has left; the connection must be cut.
        """
        payload, self._uploading = head, False
        if has_body:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise UpstreamFailure("gone", "the client left")
            body = message.get("body", b"")
            self._uploading = message.get("more_body", False)
            payload += self._framed(body, chunked=chunked)
        try:
            await self._carry(payload, chunked=chunked, fresh=False)
        except UpstreamFailure as failure:
            if not self._may_repeat(failure):
                raise self._explained(failure) from failure
            await self._repeat(payload, chunked=chunked)

    async def _repeat(self, payload: bytes, *, chunked: bool) -> None:
        try:
            await self._carry(payload, chunked=chunked, fresh=True)
        except UpstreamFailure as failure:
            raise self._explained(failure) from failure

    def _may_repeat(self, failure: UpstreamFailure) -> bool:
        """Say whether the upstream just closed a kept connection before it saw a harmless request."""
        connection = self._connection
        return (
            failure.kind == "broken"
            and connection is not None
            and connection.exchanges > 1
            and connection.untouched
            and not self._uploading
            and self._method in REPEATABLE
        )

    def _explained(self, failure: UpstreamFailure) -> Exception:
        if failure.kind == "gone" or self.status:
            return failure
        if failure.kind == "timeout" and self._uploading:
            headers = {"Connection": "close"}
            return Problem(408, "request-timeout", "The request's body stopped coming.", headers=headers)
        status, code, detail, retry_after = _PROBLEMS[failure.kind]
        return Problem(status, code, detail, headers={"Retry-After": retry_after})

    async def _carry(self, payload: bytes, *, chunked: bool, fresh: bool) -> None:
        limits = self._pool.limits
        connection = self._connection = await self._pool.acquire(self._watch, fresh=fresh)
        try:
            connection.begin(head_only=self._method == "HEAD")
            self._extend(limits.stall_seconds if self._uploading else limits.answer_seconds)
            await connection.write(payload)
            if self._uploading:
                self._beside = self._loop.create_task(self._upload(connection, chunked=chunked))
            await connection.head()
            if is_event_stream(connection.headers):
                self._pool.let_stream(connection)
            self.status = connection.status
            await self._send(
                {"type": "http.response.start", "status": connection.status, "headers": connection.headers}
            )
            more = True
            while more:
                chunk, more = await connection.body()
                self._extend(limits.stall_seconds)
                await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        finally:
            if self._beside is not None:
                self._beside.cancel()
                connection.reusable = connection.reusable and not self._uploading
            self._pool.release(connection)

    async def _upload(self, connection: UpstreamConnection, *, chunked: bool) -> None:
        limits = self._pool.limits
        try:
            while self._uploading:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    connection.fail("gone", "the client left")
                    return
                more = message.get("more_body", False)
                data = self._framed(message.get("body", b""), chunked=chunked, last=not more)
                self._extend(limits.stall_seconds)
                await connection.write(data)
                self._uploading = more
        except Problem as problem:
            connection.refuse(problem)
            return
        except UpstreamFailure:
            return  # whoever reads the response has it too
        self._extend(limits.answer_seconds)
        await self._await_departure(connection)

    def _watch(self) -> None:
        """Notice a client that leaves; only in exchanges that last: a task would slow the fast ones."""
        connection = self._connection
        if connection is not None and self._beside is None:
            self._beside = self._loop.create_task(self._await_departure(connection))

    async def _await_departure(self, connection: UpstreamConnection) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        connection.fail("gone", "the client left")

    def _extend(self, seconds: float) -> None:
        if self._connection is not None:
            self._connection.deadline = self._loop.time() + seconds

    def _framed(self, body: bytes, *, chunked: bool, last: bool | None = None) -> bytes:
        self._read_bytes += len(body)
        if self._read_bytes > self._body_limit:
            headers = {"Connection": "close"}
            raise Problem(
                413, "too-large", f"The body is larger than {self._body_limit} bytes.", headers=headers
            )
        if not chunked:
            return body
        last = not self._uploading if last is None else last
        framed = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return framed + b"0\r\n\r\n" if last else framed

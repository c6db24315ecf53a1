"""For tests: what the contract fakes of CRMs share - a clock, faults, and an address of their own."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from humidor_common.clock import utc_now

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """The time, and what tests let pass besides; it also stands in for waiting."""

    def __init__(self) -> None:
        self._passed = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self._passed

    def pass_time(self, **time: float) -> None:
        self._passed += timedelta(**time)

    def monotonic(self) -> float:
        return self().timestamp()

    async def sleep(self, seconds: float) -> None:
        self._passed += timedelta(seconds=seconds)


class CrmServer(ABC):
    """A fake with a log of calls; `faults` answer the next calls whose path ends so, instead of itself."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.url = ""
        self.calls: list[tuple[str, str, Any]] = []
        self.faults: list[tuple[str, Fault]] = []

    def fail(self, path_end: str, *faults: Fault) -> None:
        self.faults += [(path_end, each) for each in faults]

    def called(self, path_end: str) -> list[Any]:
        """Give what was sent to the paths with this end, in order."""
        return [body for _, path, body in self.calls if path.endswith(path_end)]

    @abstractmethod
    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the real one does."""

    async def take(self, request: web.Request) -> web.StreamResponse:
        body: Any = await request.read()
        if "json" in request.content_type:
            body = await request.json()
        self.calls.append((request.method, request.path, body or dict(request.query)))
        for n, (path_end, fault) in enumerate(self.faults):
            if request.path.endswith(path_end):
                del self.faults[n]
                return await fault(request)
        answered = await self.answer(request)
        if not answered.prepared:
            answered.headers["Date"] = format_datetime(self.clock(), usegmt=True)
        return answered

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            yield
        finally:
            await runner.cleanup()


def status(code: int, document: Any = None) -> Fault:
    """Answer with a status."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code) if document is None else web.json_response(document, status=code)

    return answer


def body(content: bytes, *, content_type: str = "application/json;charset=UTF-8") -> Fault:
    """Answer 200 with these bytes, whatever they are."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Type": content_type})

    return answer


async def broken_off(request: web.Request) -> web.StreamResponse:
    """Promise 1,000 bytes, send a few and hang up."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"data":[{"id":"55600')
    if request.transport is not None:
        request.transport.close()
    return answer

"""Connections to one upstream, kept warm and bounded, with one ticking clock for all their time limits."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

import msgspec

from humidor_gateway.proxy.connection import UpstreamConnection, UpstreamFailure

TICK_SECONDS = 0.1


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream may take.

    `streams` are answers of server-sent events, which stay open; they leave the `connections` to others.
    `idle_seconds` must stay below the upstream's own keep-alive time, so that it is us who close.
    """

    connect_seconds: float = 3.0
    answer_seconds: float = 30.0
    stall_seconds: float = 60.0
    idle_seconds: float = 4.0
    connections: int = 256
    streams: int = 2048
    queue_seconds: float = 2.0


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: bool = False

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class UpstreamPool:
    """Hands out connections to one address; must live on one event loop."""

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address = address
        self.limits = limits
        self._idle: list[UpstreamConnection] = []
        self._active: dict[UpstreamConnection, Callable[[], None]] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._streaming: set[UpstreamConnection] = set()
        self._opening = 0
        self._ticking: asyncio.TimerHandle | None = None
        self._tls = ssl.create_default_context() if address.tls else None

    async def acquire(self, on_slow: Callable[[], None], *, fresh: bool = False) -> UpstreamConnection:
        """Take a connection; `on_slow` is called once when the exchange lasts longer than a tick.

        Raises:
            UpstreamFailure: `unreachable`, or `busy` when all connections stayed taken.
        """
        connection = None if fresh else self._take_idle()
        if connection is None:
            connection = await self._open()
        self._active[connection] = on_slow
        connection.exchanges += 1
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        return connection

    def release(self, connection: UpstreamConnection) -> None:
        """Take a connection back after its exchange, whatever became of it."""
        self._active.pop(connection, None)
        self._streaming.discard(connection)
        if connection.complete and connection.reusable and not connection.closed:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        elif not connection.closed:
            connection.transport.abort()
        self._wake_one()

    def let_stream(self, connection: UpstreamConnection) -> None:
        """Count a connection as one that stays open, and let somebody who waits have its place.

        Raises:
            UpstreamFailure: `busy` when too many stay open already.
        """
        if len(self._streaming) >= self.limits.streams:
            raise UpstreamFailure("busy", "too many streams are open")
        self._streaming.add(connection)
        self._wake_one()

    async def close(self) -> None:
        for connection in [*self._idle, *self._active]:
            connection.transport.abort()
        self._idle.clear()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _take_idle(self) -> UpstreamConnection | None:
        while self._idle:
            connection = self._idle.pop()  # the one used last is the least likely to have been closed
            if not connection.closed and not connection.transport.is_closing():
                return connection
        return None

    async def _open(self) -> UpstreamConnection:
        while len(self._active) - len(self._streaming) + self._opening >= self.limits.connections:
            await self._queue()
            if (connection := self._take_idle()) is not None:
                return connection
        loop = asyncio.get_running_loop()
        self._opening += 1
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(loop), self.address.host, self.address.port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            raise UpstreamFailure("unreachable", "no connection could be made") from error
        finally:
            self._opening -= 1
        return connection

    def _wake_one(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    async def _queue(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self.limits.queue_seconds):
                await waiter
        except TimeoutError as error:
            raise UpstreamFailure("busy", "all connections are taken") from error

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection, on_slow in list(self._active.items()):
            if connection.deadline and connection.deadline < now:
                connection.fail("timeout", "no answer in time")
            elif on_slow is not _settled:
                self._active[connection] = _settled
                on_slow()
        keep = now - self.limits.idle_seconds
        for connection in [old for old in self._idle if old.closed or old.idle_since < keep]:
            self._idle.remove(connection)
            if not connection.closed:
                connection.transport.close()
        busy = self._active or self._idle
        self._ticking = loop.call_later(TICK_SECONDS, self._tick) if busy else None


def _settled() -> None:
    """Stand in for a callback that has been called."""

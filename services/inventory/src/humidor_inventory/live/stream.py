"""An answer of server-sent events that notices when its reader leaves or takes nothing more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STUCK_SECONDS = 60.0


class EventStream(Response):
    """Sends what it is given as it comes, unbuffered; closes what was opened for it, however it ends."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], opened: AsyncExitStack) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        departure = asyncio.create_task(_departure(receive))
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait({departure, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            for task in (departure, sending):
                task.cancel()
            await asyncio.gather(departure, sending, return_exceptions=True)
            await self._opened.aclose()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with suppress(TimeoutError):
            async for chunk in self._events:
                async with asyncio.timeout(STUCK_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

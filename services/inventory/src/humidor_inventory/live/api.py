"""Live stock over HTTP: a snapshot, then every change, for as long as the reader listens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from humidor_common.auth.tokens import InvalidToken
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import Credentials
from humidor_common.web.problems import invalid
from humidor_inventory.inputs import Gtin, Reader, StoreId
from humidor_inventory.live.feed import Listener, StockFeed
from humidor_inventory.live.rules import HEARTBEAT, RETRY, event_id, frame, frames, resumable
from humidor_inventory.live.stream import EventStream
from humidor_inventory.stock.queries import stock_items
from humidor_inventory.units.rules import Unit

HEARTBEAT_SECONDS = 15.0
MAX_STORES = 50

router = APIRouter(prefix="/v1", tags=["stock"])

_EXAMPLE = (
    'id: 6f1c2b9a-17\nevent: changed\ndata: {"items": [{"store_id": "S0001", "gtin": "06901028000017", '
    '"unit": "pack", "on_hand": 41}], "complete": true}\n\n'
)


def _wanted(
    principal: Reader,
    store_id: Annotated[list[StoreId] | None, Query(max_length=MAX_STORES)] = None,
    gtin: Annotated[list[Gtin] | None, Query(max_length=1000)] = None,
) -> Listener:
    """Check which stores the caller asks for; who is bound to few stores means these."""
    stores = sorted(principal.stores or ()) if store_id is None else store_id
    if not stores or len(stores) > MAX_STORES:
        raise invalid("store_id", f"names 1 to {MAX_STORES} stores")
    for each in stores:
        principal.check_store(each)
    return Listener(stores, gtin)


@router.get(
    "/stock:stream",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"example": _EXAMPLE}}}},
)
async def stream_stock(
    request: Request,
    principal: Reader,  # noqa: ARG001 - proves the caller before anything else is looked at
    listener: Annotated[Listener, Depends(_wanted)],
    credentials: Credentials,
    unit: Annotated[Unit, Query()] = "pack",
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Follow the balances of up to 50 stores as server-sent events.

    First comes `snapshot` (in parts, the last with `complete` true), then `changed` with the products that
    have changed, at most ten times a second. With `Last-Event-ID` a stream that was cut goes on with what it
    missed, or begins with a snapshot again whose `reason` is `too-old`. `end` says why the stream is over.
    """
    runtime: Runtime = request.app.state.runtime
    feed = runtime.get(StockFeed)
    token = credentials.credentials if credentials else ""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(feed.follow(listener))
        start = _start(feed, listener, unit, last_event_id)
        return EventStream(_events(runtime, (feed, listener), start, (unit, token)), stack.pop_all())


def _start(feed: StockFeed, listener: Listener, unit: Unit, last_event_id: str | None) -> list[bytes]:
    seen = resumable(last_event_id, feed.epoch)
    rows = None if seen is None else feed.rows(listener, after=seen)
    here = event_id(feed.epoch, feed.number)
    if rows is not None:
        return frames("changed", stock_items(rows, unit), here) if rows else []
    reason = "too-old" if last_event_id else "start"
    return frames("snapshot", stock_items(feed.rows(listener, after=None) or (), unit), here, reason=reason)


async def _events(
    runtime: Runtime,
    source: tuple[StockFeed, Listener],
    start: list[bytes],
    how: tuple[Unit, str],
) -> AsyncIterator[bytes]:
    (feed, listener), (unit, token) = source, how
    yield RETRY + b"".join(start)
    check_at = time.monotonic() + HEARTBEAT_SECONDS
    while True:
        try:
            await asyncio.wait_for(listener.woken.wait(), max(check_at - time.monotonic(), 0.001))
        except TimeoutError:
            yield HEARTBEAT
        else:
            number, rows = listener.take()
            for each in frames("changed", stock_items(rows, unit), event_id(feed.epoch, number)):
                yield each
        if time.monotonic() >= check_at:
            check_at = time.monotonic() + HEARTBEAT_SECONDS
            try:
                await runtime.verifier.verify(token)
            except InvalidToken as error:
                yield frame("end", {"reason": f"the access token is refused: {error}"})
                return

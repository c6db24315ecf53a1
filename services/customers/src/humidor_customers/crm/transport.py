"""Requests to a CRM: bounded, paced, and with every failure under one of a few names."""

import asyncio
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple

import httpx
import msgspec

from humidor_customers.crm.remote import RemoteBusy, RemoteRefused

_ANSWER_BYTES = 32 * 1024 * 1024
_TIMEOUT_SECONDS = 30.0
_SHOWN = 300


class Answer(NamedTuple):
    """What came back: `document` is None for an empty body."""

    status: int
    headers: httpx.Headers
    document: Any

    @property
    def server_time(self) -> datetime | None:
        """Give the other side's clock."""
        try:
            return parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError, TypeError):
            return None


class Pace:
    """Lets no more than `calls` of a name begin within any `seconds`."""

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._seconds = seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._begun: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=calls))

    async def wait(self, name: str) -> None:
        begun = self._begun[name]
        if len(begun) == self._calls and (left := begun[0] + self._seconds - self._monotonic()) > 0:
            await self._sleep(left)
        begun.append(self._monotonic())


class Transport:
    """Sends requests and reads JSON."""

    def __init__(self, client: httpx.AsyncClient, pace: Pace | None = None) -> None:
        self._client = client
        self._pace = pace

    async def send(self, method: str, url: str, **request: Any) -> Answer:
        """Send one request.

        Raises:
            RemoteBusy: It did not come through, was answered with 429 or 5xx, or with what is no JSON.
        """
        if self._pace is not None:
            await self._pace.wait(httpx.URL(url).path)
        try:
            async with self._client.stream(method, url, **request) as answer:
                body = await _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise RemoteBusy("unreachable", f"{type(error).__name__}: {error}"[:_SHOWN]) from error
        _check_status(answer.status_code, body)
        return Answer(answer.status_code, answer.headers, _decode(body))


@cache
def _authorities() -> ssl.SSLContext:
    """Read the certificates of authorities once: it takes as long as some calls."""
    return httpx.create_ssl_context(trust_env=False)


def new_client() -> httpx.AsyncClient:
    """Make the client of a run: no redirects, no proxies of the environment."""
    return httpx.AsyncClient(
        timeout=_TIMEOUT_SECONDS,
        verify=_authorities(),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Humidor/1", "Accept": "application/json"},
    )


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > _ANSWER_BYTES:
            raise RemoteRefused("too-large", f"an answer has more than {_ANSWER_BYTES} bytes")
    return bytes(body)


def _check_status(status: int, body: bytes) -> None:
    said = body[:_SHOWN].decode(errors="replace").replace("\x00", "")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RemoteBusy("rate-limited", f"HTTP 429: {said}")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise RemoteBusy("server-error", f"HTTP {status}: {said}")


def _decode(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body.decode())
    except UnicodeDecodeError as error:
        raise RemoteBusy("wrong-encoding", f"an answer is not UTF-8: byte {error.start}") from error
    except msgspec.MsgspecError as error:
        raise RemoteBusy("garbled", f"an answer is not JSON: {error}"[:_SHOWN]) from error

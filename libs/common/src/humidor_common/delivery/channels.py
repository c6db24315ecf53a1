"""Sends one message over its channel and says what became of it; what the other side does raises nothing."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import msgspec

from humidor_common.delivery import robots
from humidor_common.delivery.mail import send_mail
from humidor_common.delivery.messages import Outgoing
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.settings import DeliverySettings
from humidor_common.delivery.signing import dingtalk_query, webhook_headers
from humidor_common.delivery.targets import TargetRefused, resolve

_ANSWER_BYTES = 65_536
_GONE = 410


class Claimed(Outgoing, frozen=True, kw_only=True):
    """A message with its identity, as it was taken; `attempt` counts all, `tries` those of this round."""

    delivery_id: UUID
    created_at: datetime
    attempt: int
    tries: int
    traceparent: str | None = None

    @property
    def text(self) -> str:
        """The body as text: a document is written out."""
        if isinstance(self.body, str):
            return self.body
        return msgspec.json.format(msgspec.json.encode(self.body), indent=2).decode()


def new_client(settings: DeliverySettings) -> httpx.AsyncClient:
    """Make the client of a sender: no redirects, no proxies, and no connection kept, see `exchange`."""
    return httpx.AsyncClient(
        timeout=settings.delivery_timeout_seconds,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"User-Agent": "Humidor/1"},
    )


async def send(
    client: httpx.AsyncClient, settings: DeliverySettings, message: Claimed, *, now: datetime
) -> Outcome:
    """Send one message; what the receiver or the way there does wrong is in the outcome."""
    if message.channel == "email":
        return await send_mail(settings, message, message.delivery_id, message.text, now=now)
    try:
        request = _request(message, now)
        answer = await exchange(client, request, private=settings.delivery_private_targets)
    except ValueError as error:
        return Outcome(result="refused", detail=f"the target {error}"[:500])
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Outcome(result="failed", detail=f"{type(error).__name__}: {error}"[:500])
    return _read(message, answer)


def _request(message: Claimed, now: datetime) -> httpx.Request:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    params: dict[str, str] = {}
    if message.channel == "webhook":
        body = _encode({"type": message.topic, "timestamp": message.created_at, "data": message.body})
        headers |= webhook_headers(str(message.delivery_id), message.secret, body, now=now)
        if message.traceparent:
            headers["traceparent"] = message.traceparent
    elif message.channel == "wecom":
        body = _encode(robots.wecom_message(message.text))
    else:
        body = _encode(robots.dingtalk_message(message.subject, message.text))
        params = dingtalk_query(message.secret, now=now) if message.secret else {}
    url = httpx.URL(message.target)
    return httpx.Request("POST", url.copy_merge_params(params), headers=headers, content=body)


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, *, private: bool, most: int = _ANSWER_BYTES
) -> tuple[int, httpx.Headers, bytes]:
    """Send a request and read the answer: status, headers and about the first `most` bytes of the body.

    Connects to the address that was checked and to no other, with the certificate checked for the host.
    Connections are not kept: a kept one is known by its address, and would be taken for another host there.

    Raises:
        TargetRefused: The host has a private address and that is not allowed.
        httpx.HTTPError, OSError: There was no answer.
    """
    host, address = await resolve(str(request.url), private=private)
    request.headers["Host"] = urlsplit(str(request.url)).netloc
    request.url = request.url.copy_with(host=address)
    request.extensions["sni_hostname"] = host
    request.extensions["timeout"] = client.timeout.as_dict()
    answer = await client.send(request, stream=True)
    try:
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > most:
                break
    finally:
        await answer.aclose()
    return answer.status_code, answer.headers, body


def _read(message: Claimed, answer: tuple[int, httpx.Headers, bytes]) -> Outcome:
    status, headers, body = answer
    said = body[:200].decode(errors="replace").replace("\x00", "")
    if httpx.codes.is_success(status):
        return (
            Outcome(result="sent", status=status, detail=said or None)
            if message.channel == "webhook"
            else robots.read_answer(status, body)
        )
    return Outcome(
        result="refused" if status == _GONE else "failed",
        status=status,
        detail=f"HTTP {status}: {said}",
        retry_after_seconds=_retry_after(headers),
    )


def _retry_after(headers: httpx.Headers) -> float | None:
    given = headers.get("retry-after", "")
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        at = parsedate_to_datetime(given)
        return (at - parsedate_to_datetime(headers["date"])).total_seconds()
    except (ValueError, KeyError, TypeError):
        return None


def _encode(document: Any) -> bytes:
    return msgspec.json.encode(document)


__all__ = ["Claimed", "TargetRefused", "exchange", "new_client", "send"]

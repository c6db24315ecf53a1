"""The outermost ASGI application: services' paths go upstream, everything else to the gateway's own app."""

import hashlib
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec
from opentelemetry.trace import SpanKind

from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.metrics import HTTP_REQUEST_SECONDS
from humidor_common.telemetry.traces import current_trace_id, span
from humidor_common.web.problems import Problem
from humidor_gateway.proxy.connection import UpstreamFailure
from humidor_gateway.proxy.forward import CHUNKED, Exchange, Message, Receive, Send
from humidor_gateway.proxy.limits import Buckets, refuse
from humidor_gateway.proxy.pool import Address, Limits, UpstreamPool
from humidor_gateway.proxy.rules import (
    METHODS,
    Origin,
    Request,
    Target,
    build_head,
    client_address,
    client_scheme,
    first,
    resolve,
)
from humidor_gateway.settings import GatewaySettings

Scope = Any
OWN_PREFIX = b"/gateway/"
_GUARDS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

log = get_logger(__name__)


class Gateway:
    """Routes by the first path segment, limits each client's rate and hands over to an exchange."""

    def __init__(self, own: Any, settings: GatewaySettings) -> None:
        limits = Limits(
            answer_seconds=settings.upstream_answer_seconds,
            stall_seconds=settings.upstream_stall_seconds,
            connections=settings.upstream_connections,
        )
        self.own = own
        self.settings = settings
        self.pools = {
            name: UpstreamPool(_address(url), limits) for name, url in settings.upstream_urls.items()
        }
        self.addresses = Buckets(settings.address_rate_per_second, settings.address_rate_per_second * 2)
        self.credentials = Buckets(settings.client_rate_per_second, settings.client_rate_per_second * 2)
        self._trusted = settings.trusted_networks
        self._observers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        headers = scope["headers"]
        peer = scope["client"][0] if scope["client"] else ""
        address = client_address(peer, headers, self._trusted) if self._trusted else peer
        try:
            self._check_rate(address, headers)
            target = resolve(scope["raw_path"])
        except Problem as problem:
            await send_problem(problem, send)
            return
        if target is not None and target.service in self.pools:
            scheme = client_scheme(peer, scope["scheme"], headers, self._trusted)
            origin = Origin(address, scheme, first(headers, b"host") or b"")
            await self._proxy(scope, receive, send, target, origin)
        else:
            await self._serve_own(scope, receive, send, address)

    async def _serve_own(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        raw: bytes = scope["raw_path"]
        if raw.startswith(OWN_PREFIX):
            prefix = OWN_PREFIX[:-1].decode()
            scope = {**scope, "raw_path": raw[len(prefix) :], "path": scope["path"].removeprefix(prefix)}
        scope["client"] = (address, 0)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                policed = any(name == b"content-security-policy" for name, _ in headers)
                message["headers"] = headers + (_GUARDS[:-1] if policed else _GUARDS)
            await send(message)

        await self.own(scope, receive, send_guarded)

    def _check_rate(self, address: str, headers: list[tuple[bytes, bytes]]) -> None:
        wait_seconds = self.addresses.take(address)
        credential = first(headers, b"authorization")
        if not wait_seconds and credential is not None:
            # A digest, so that the buckets hold neither secrets nor what a client chose to send at length.
            wait_seconds = self.credentials.take(hashlib.blake2b(credential, digest_size=16).digest())
        if wait_seconds:
            raise refuse(wait_seconds)

    async def _proxy(
        self, scope: Scope, receive: Receive, send: Send, target: Target, origin: Origin
    ) -> None:
        started = time.perf_counter()
        parent = first(scope["headers"], b"traceparent")
        status = 499
        with span(
            "proxy", parent=parent.decode("latin-1") if parent else None, kind=SpanKind.SERVER
        ) as trace:
            exchange: Exchange | None = None
            try:
                exchange, request = self._prepare(scope, receive, send, target)
                head, has_body, chunked = self._head(request, target, origin, trace)
                await exchange.run(head, has_body=has_body, chunked=chunked)
                status = exchange.status
            except Problem as problem:
                status = problem.status
                if exchange is None or not exchange.status:
                    await send_problem(problem, send)
            except UpstreamFailure as failure:
                # Returning before the end makes the server cut the connection, so the client sees it broken.
                if failure.kind != "gone":
                    status = 502
                    log.warning(
                        "response broken off", extra={"upstream": target.service, "reason": str(failure)}
                    )
        self._note(scope["method"], target.service, status, time.perf_counter() - started)

    def _prepare(
        self, scope: Scope, receive: Receive, send: Send, target: Target
    ) -> tuple[Exchange, Request]:
        method = scope["method"]
        if method not in METHODS:
            raise Problem(405, "method-not-allowed", f"{method[:20]} is not forwarded.")
        request = Request(method, scope["raw_path"], scope["query_string"], scope["headers"])
        streaming = target.path.endswith(b":stream")
        limit = self.settings.stream_limit_bytes if streaming else self.settings.body_limit_bytes
        exchange = Exchange(self.pools[target.service], receive, send, method=method, body_limit=limit)
        declared = first(request.headers, b"content-length")
        if declared is not None and int(declared) > limit:
            raise Problem(
                413, "too-large", f"The body is larger than {limit} bytes.", headers={"Connection": "close"}
            )
        return exchange, request

    def _head(self, request: Request, target: Target, origin: Origin, trace: str) -> tuple[bytes, bool, bool]:
        declared = first(request.headers, b"content-length")
        chunked = first(request.headers, b"transfer-encoding") is not None
        framing = b""
        if chunked:
            framing = CHUNKED
        elif declared is not None:
            framing = b"content-length: %d\r\n" % int(declared)
        authority = self.pools[target.service].address.authority
        head = build_head(request, target, origin, authority=authority, traceparent=trace, framing=framing)
        return head, chunked or (declared is not None and declared != b"0"), chunked

    def _note(self, method: str, service: str, status: int, seconds: float) -> None:
        key = (method if method in METHODS else "OTHER", service, status)
        observer = self._observers.get(key)
        if observer is None:
            route = f"/{service}/…"
            observer = self._observers[key] = HTTP_REQUEST_SECONDS.labels(key[0], route, str(status))
        observer.observe(seconds)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.own(scope, receive, send)
        finally:
            for pool in self.pools.values():
                await pool.close()


async def send_problem(problem: Problem, send: Send) -> None:
    """Answer with a problem document, outside of any framework."""
    body = msgspec.json.encode(problem.document(current_trace_id()))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    start: Message = {"type": "http.response.start", "status": problem.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _address(url: str) -> Address:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return Address(parts.hostname or "", parts.port or (443 if tls else 80), tls)

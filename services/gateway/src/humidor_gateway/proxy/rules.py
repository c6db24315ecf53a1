"""Which request goes where, with which headers: pure decisions."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from humidor_common.web.problems import Problem

Headers = Sequence[tuple[bytes, bytes]]
Networks = Sequence[IPv4Network | IPv6Network]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})

_PATH = re.compile(
    rb"/([a-z][a-z0-9-]{0,30})(/v1/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*|/openapi\.json|/healthz|/readyz)"
)
# Stores are customers' by contract and kept by inventory: docs/decisions/0019-stores-under-customers.md.
_STORES = re.compile(rb"/v1/stores(?:/|\Z)")
_SUSPECT = re.compile(rb"%|//|/\.")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NEVER_IN_SEGMENT = re.compile(rb"[/\\\x00-\x1f\x7f]")

# Ours to set, the client's to keep out of (RFC 9110 §7.6.1 names those of one connection only).
_DROPPED = frozenset(
    {
        b"host",
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
        b"content-length",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-real-ip",
        b"traceparent",
    }
)


class Target(NamedTuple):
    """A service's name and the path as the service itself knows it."""

    service: str
    path: bytes


class Request(NamedTuple):
    """The facts of the client's request that the upstream's request head is made of."""

    method: str
    path: bytes
    query: bytes
    headers: Headers


class Origin(NamedTuple):
    """Who asked, and by which name and scheme."""

    address: str
    scheme: str
    host: bytes


def resolve(raw_path: bytes) -> Target | None:
    """Split `/pos/v1/sales` into the service and its path; None when the path is not a service's.

    The path stays as the client wrote it, so it is refused when its meaning could change on the way.

    Raises:
        Problem: 400 for dot segments, empty segments, encoded slashes and broken escapes.
    """
    match = _PATH.fullmatch(raw_path)
    if match is None:
        return None
    path = match[2]
    if _SUSPECT.search(path):
        _check_segments(path)
    service = match[1].decode()
    if service == "customers" and _STORES.match(path):
        service = "inventory"
    return Target(service, path)


def _check_segments(path: bytes) -> None:
    segments = path[1:].split(b"/")
    if segments[-1] == b"":
        segments.pop()
    for segment in segments:
        decoded = unquote_to_bytes(segment)
        harmful = decoded in (b"", b".", b"..") or _NEVER_IN_SEGMENT.search(decoded)
        if harmful or _BAD_ESCAPE.search(segment):
            raise Problem(400, "path-not-allowed", "The path has empty, dot or wrongly encoded segments.")


def client_address(peer: str, headers: Headers, trusted: Networks) -> str:
    """Find the client behind proxies we trust: the last hop in X-Forwarded-For that is not one of them.

    Example:
        peer 10.0.0.1 (trusted) with `X-Forwarded-For: 1.2.3.4, 203.0.113.9` is the client 203.0.113.9.
    """
    address = peer
    hops = [hop.strip() for name, value in headers if name == b"x-forwarded-for" for hop in value.split(b",")]
    while hops and _is_trusted(address, trusted):
        hop = hops.pop().decode("latin-1")
        try:
            address = str(ip_address(hop))
        except ValueError:
            break
    return address


def client_scheme(peer: str, scheme: str, headers: Headers, trusted: Networks) -> str:
    """Take `https` from a trusted proxy that ended the TLS; otherwise what we saw ourselves."""
    for name, value in headers:
        if name == b"x-forwarded-proto" and value in (b"http", b"https") and _is_trusted(peer, trusted):
            return value.decode()
    return scheme


def _is_trusted(address: str, trusted: Networks) -> bool:
    if not trusted:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def first(headers: Headers, wanted: bytes) -> bytes | None:
    for name, value in headers:
        if name == wanted:
            return value
    return None


def build_head(
    request: Request, target: Target, origin: Origin, *, authority: str, traceparent: str, framing: bytes
) -> bytes:
    """Write the request head for the upstream; `framing` is its Content-Length or Transfer-Encoding line."""
    address, scheme, host = origin
    path = target.path + (b"?" + request.query if request.query else b"")
    lines = [
        b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (request.method.encode(), path, authority.encode()),
        b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n" % (address.encode(), scheme.encode()),
        b"x-forwarded-host: %b\r\nx-forwarded-prefix: /%b\r\n" % (host, target.service.encode()),
        b"traceparent: %b\r\n" % traceparent.encode(),
        framing,
    ]
    dropped: Iterable[bytes] = _DROPPED
    named = first(request.headers, b"connection")
    if named is not None and named.lower() not in (b"keep-alive", b"close"):
        dropped = _DROPPED | {token.strip().lower() for token in named.split(b",")}
    for name, value in request.headers:
        if name not in dropped:
            lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def is_event_stream(headers: Headers) -> bool:
    """Tell whether an answer is one of server-sent events, which stays open as long as its reader does."""
    kind = first(headers, b"content-type")
    return kind is not None and kind.partition(b";")[0].strip().lower() == b"text/event-stream"

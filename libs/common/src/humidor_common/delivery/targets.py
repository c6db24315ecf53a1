"""Keeps messages from being sent into our own network: what a user may enter must not reach what we can."""

import asyncio
import ipaddress
import re
import socket
from urllib.parse import urlsplit

from humidor_common.delivery.messages import Channel

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAIL = re.compile(r"^[\x21-\x7e]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")
_MAIL_STRANGERS = frozenset('<>()[]\\,;:"')
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class TargetRefused(ValueError):  # noqa: N818 - says what has happened to the target
    """A target that nothing is sent to; the text says why."""


def check_target(channel: Channel, target: str, *, private: bool) -> None:
    """Refuse what can be told to be wrong without a look into the DNS.

    Args:
        channel: Mails go to an address, everything else to a URL.
        target: The address or URL.
        private: Whether plain HTTP and addresses of private networks are allowed.

    Raises:
        TargetRefused: It is not an address; or not an https URL; or it names a private address.
    """
    if channel == "email":
        if not _MAIL.match(target) or _MAIL_STRANGERS & set(target):
            raise TargetRefused("is not a mail address")
        return
    host, _, _ = _parts(target, private=private)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    _check_address(address, private=private)


async def resolve(target: str, *, private: bool) -> tuple[str, str]:
    """Look the host of a URL up and give it with the one address to connect to, so that it cannot change.

    Raises:
        TargetRefused: Any of its addresses is private and that is not allowed.
        OSError: The host is not known now.
    """
    host, port, _ = _parts(target, private=private)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    for address in addresses:
        _check_address(address, private=private)
    return host, str(addresses[0])


def _parts(target: str, *, private: bool) -> tuple[str, int, str]:
    try:
        parts = urlsplit(target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TargetRefused("is not a URL") from error
    if parts.scheme not in {"https", "http"} or not host:
        raise TargetRefused("is not an https URL")
    if parts.scheme == "http" and not private:
        raise TargetRefused("is not an https URL: what is sent could be read on the way")
    if parts.username is not None or parts.password is not None:
        raise TargetRefused("carries a user name; sign with a secret instead")
    return host, port or (443 if parts.scheme == "https" else 80), parts.scheme


def _check_address(address: Address, *, private: bool) -> None:
    if private:
        return
    inner = _embedded(address)
    if not inner.is_global or inner.is_multicast:
        raise TargetRefused("leads into a private network")


def _embedded(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one stands for, by whichever of the ways there are."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address

"""The public keys that tokens are verified with, read from a JWKS URL or file and kept fresh."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from humidor_common.auth.signing import ALGORITHM

_MAX_DOCUMENT_BYTES = 256 * 1024


class KeysUnavailable(Exception):  # noqa: N818 - reads as the state it reports
    """The JWKS has never been read, so nothing can be verified yet."""


class KeySource:
    """Caches the key set: unknown key ids ask again, but never more often than the minimum interval.

    Args:
        source: `http(s)://…` or the path of a file with the JWK Set.
        min_interval_seconds: The least time between two reads, whatever callers send.
        max_age_seconds: After this the set is read again beside the traffic, so a withdrawn key goes away;
            when that fails the old keys stay, because a gateway that is down must not stop the services.
        monotonic: The clock, in seconds.
    """

    def __init__(
        self,
        source: str,
        *,
        min_interval_seconds: float = 10.0,
        max_age_seconds: float = 300.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._min_interval_seconds = min_interval_seconds
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._keys: Mapping[str, ECKey] | None = None
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    def current(self, kid: str) -> ECKey | None:
        """Look the key up among those already read."""
        return None if self._keys is None else self._keys.get(kid)

    async def get(self, kid: str) -> ECKey | None:
        """Find a key, reading the set again when the key id is new.

        Raises:
            KeysUnavailable: The set could not be read even once.
        """
        if self._keys is not None and (key := self._keys.get(kid)) is not None:
            self.refresh_if_old()
            return key
        await self._refresh()
        if self._keys is None:
            raise KeysUnavailable(f"the key set at {self._source} could not be read")
        return self._keys.get(kid)

    def refresh_if_old(self) -> None:
        """Start a read beside the traffic when the set is old."""
        if self._monotonic() - self._tried_at < self._max_age_seconds:
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        async with self._lock:
            # While nothing was ever read, start-up should not wait the whole interval.
            interval = (
                min(1.0, self._min_interval_seconds) if self._keys is None else self._min_interval_seconds
            )
            if self._monotonic() - self._tried_at < interval:
                return
            self._tried_at = self._monotonic()
            try:
                self._keys = parse_key_set(await self._read())
            except (OSError, ValueError, JoseError):
                return  # the old keys stay; with none, get() says so

    async def _read(self) -> bytes:
        if not self._source.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._source).read_bytes)
        return await _download(self._source)


async def _download(url: str) -> bytes:
    # A quarter of a second of import, needed only by processes that verify with a key set from elsewhere.
    import httpx

    try:
        async with (
            httpx.AsyncClient(timeout=5.0, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _MAX_DOCUMENT_BYTES:
                    raise ValueError("the key set is too large")
            return content
    except httpx.HTTPError as error:
        raise OSError(f"{url}: {error!r}") from error


def parse_key_set(content: bytes) -> Mapping[str, ECKey]:
    """Read a JWK Set and keep the usable keys: P-256, for signatures, with a key id."""
    document = msgspec.json.decode(content)
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise ValueError("a key set is an object with a list named keys")  # noqa: TRY004 - input, not a bug
    keys: dict[str, ECKey] = {}
    for member in members:
        if isinstance(member, dict) and (key := _usable(member)) is not None:
            keys[member["kid"]] = key
    if not keys:
        raise ValueError("the key set holds no usable key")
    return MappingProxyType(keys)


def _usable(member: dict[str, Any]) -> ECKey | None:
    wanted = (
        member.get("kty") == "EC"
        and member.get("crv") == "P-256"
        and member.get("use", "sig") == "sig"
        and member.get("alg", ALGORITHM) == ALGORITHM
        and isinstance(member.get("kid"), str)
    )
    if not wanted:
        return None
    public: dict[str, str | list[str]] = {name: member.get(name, "") for name in ("kty", "crv", "x", "y")}
    try:
        return ECKey.import_key(public)
    except (JoseError, ValueError):
        return None

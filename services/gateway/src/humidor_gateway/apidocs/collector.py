"""Reads the services' descriptions, not more often than needed."""

import asyncio
import time
from collections.abc import Mapping

import httpx
import msgspec

from humidor_common.telemetry.logs import get_logger
from humidor_gateway.apidocs.rules import Document, merge

FRESH_SECONDS = 60.0
INCOMPLETE_SECONDS = 5.0
MAX_BYTES = 8 * 1024 * 1024

log = get_logger(__name__)


class Collector:
    """Keeps the merged document for a minute; for seconds only while a service is missing from it."""

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self._upstreams = upstreams
        self._merged: bytes | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def document(self, own: Document) -> bytes:
        async with self._lock:
            if self._merged is None or time.monotonic() >= self._until:
                services, missing = await self._collect()
                self._merged = msgspec.json.encode(merge(own, services, missing))
                self._until = time.monotonic() + (INCOMPLETE_SECONDS if missing else FRESH_SECONDS)
            return self._merged

    async def _collect(self) -> tuple[dict[str, Document], list[str]]:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            found = await asyncio.gather(*(self._read(http, url) for url in self._upstreams.values()))
        named = zip(self._upstreams, found, strict=True)
        services = {name: document for name, document in named if document is not None}
        return services, [name for name in self._upstreams if name not in services]

    async def _read(self, http: httpx.AsyncClient, url: str) -> Document | None:
        try:
            response = await http.get(f"{url}/openapi.json")
            if response.status_code != 200 or len(response.content) > MAX_BYTES:
                return None
            document = msgspec.json.decode(response.content, type=Document)
            merge({"info": {}}, {"probe": document}, [])
        except (httpx.HTTPError, ValueError, AttributeError, TypeError, KeyError) as error:
            log.warning("no description from a service", extra={"url": url, "error": repr(error)})
            return None
        return document

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from humidor_common.auth import SigningKey, generate_signing_key, jwks


class JwksServer:
    """Serves a key set on loopback and counts how often it is asked."""

    def __init__(self, keys: list[SigningKey]) -> None:
        self.document: Any = jwks(keys)
        self.status = 200
        self.requests = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        body = json.dumps(self.document).encode()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
def key() -> SigningKey:
    return generate_signing_key()


@pytest.fixture
async def jwks_server(key: SigningKey) -> AsyncIterator[JwksServer]:
    served = JwksServer([key])
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/.well-known/jwks.json"
    async with server:
        yield served

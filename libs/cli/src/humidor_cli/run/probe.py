"""One small HTTP question to a process of ours."""

import asyncio
import json
from typing import Any

_MOST_BYTES = 1 << 20


async def ask(port: int, path: str, timeout_seconds: float = 2.0) -> tuple[int, dict[str, Any]]:
    """The status and JSON document of a GET on loopback; status 0 when nothing sensible answers."""
    try:
        async with asyncio.timeout(timeout_seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
                answer = await reader.read(_MOST_BYTES)
                while chunk := await reader.read(_MOST_BYTES):
                    answer += chunk
            finally:
                writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(maxsplit=2)[1])
        document = json.loads(body)
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, {}
    return status, document if isinstance(document, dict) else {}

"""A file that can only be appended to, from which what was written is taken away."""

import io
from typing import Any


class Pipe(io.RawIOBase):
    """Lets a library write to what it takes for a file while the bytes go on at once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._parts.append(piece)
        return len(piece)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

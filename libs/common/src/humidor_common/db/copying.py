"""The binary format of COPY, for what comes by in such numbers that the driver's own way would be felt.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

from collections.abc import Iterable
from struct import Struct

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_LENGTH = Struct(">i")


def text(value: str) -> bytes:
    """Write one field of text."""
    written = value.encode()
    return _LENGTH.pack(len(written)) + written


def whole(rows: Iterable[bytes]) -> bytes:
    """Give rows, each with its number of fields before it, as they are sent."""
    return b"".join((_SIGNATURE, *rows, _END))

"""The binary format of COPY, for what comes by in such numbers that the driver's own way would be felt.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

from struct import Struct

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_LENGTH = Struct(">i")


def text(value: str) -> bytes:
    """Write one field of text."""
    written = value.encode()
    return _LENGTH.pack(len(written)) + written

"""The binary format of COPY, for what comes by in such numbers that the driver's own way would be felt.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_LENGTHS = [n.to_bytes(4, "big") for n in range(256)]


def text(value: str) -> bytes:
    """Write one field of text."""
    written = value.encode()
    length = len(written)
    return (_LENGTHS[length] if length < len(_LENGTHS) else length.to_bytes(4, "big")) + written

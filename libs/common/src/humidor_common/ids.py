"""Identifiers that sort by the time they were made."""

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
_RANDOM = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)

_last = 0


def uuid7() -> UUID:
    """Make a UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits.

    Those made in one process rise strictly, also within a millisecond (§6.2, method 2).
    """
    return UUID(int=_next())


def uuid7_text() -> str:
    """Give the text of a `uuid7` without making the UUID first, which costs more than the text."""
    digits = f"{_next():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _next() -> int:
    global _last  # noqa: PLW0603 - the order holds for the process
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big") & _RANDOM | _VERSION_AND_VARIANT
    if value <= _last:
        value = _last + 1
    _last = value
    return value

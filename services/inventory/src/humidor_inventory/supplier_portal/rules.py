"""A supplier's key, and whether what a supplier confirms is what was ordered."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date

PREFIX = "hms"
_SECRET_BYTES = 32


def make_key(key_id: str) -> str:
    """Make a key: it names itself and carries 256 random bits."""
    return f"{PREFIX}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def hash_key(key: str) -> bytes:
    """Hash a key for storage; plain SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


def key_id_of(key: str) -> str | None:
    """Read which key it claims to be; None when it is no supplier's."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != PREFIX or not key.isascii() or not parts[1].isalnum():
        return None
    return parts[1]


def agrees(
    ordered: Mapping[str, int],
    confirmed: Mapping[str, int],
    days: tuple[date | None, date | None],
    *,
    prices_differ: bool,
) -> bool:
    """Tell whether a confirmation changes nothing: same sticks, same prices, and (due, promised) in time.

    Lines that are not named are confirmed as ordered. Where no day was expected any promise will do.

    Example:
        `agrees({"a": 200}, {"a": 180}, (None, None), prices_differ=False)` is False.
    """
    due, promised = days
    late = due is not None and promised is not None and promised > due
    return not late and not prices_differ and all(ordered[gtin] == n for gtin, n in confirmed.items())

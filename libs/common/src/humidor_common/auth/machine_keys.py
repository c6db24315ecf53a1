"""Keys of terminals, devices and suppliers: each names its owner and carries 256 random bits."""

import hashlib
import re
import secrets

SECRET_BYTES = 32
_KEY = re.compile(r"([a-z]{3})_([A-Za-z0-9][A-Za-z0-9.-]{0,63})_[A-Za-z0-9_-]{43}")


def make_key(prefix: str, owner: str) -> str:
    """Make a key of a kind, three lower-case letters, for an owner without an underscore in its name."""
    return f"{prefix}_{owner}_{secrets.token_urlsafe(SECRET_BYTES)}"


def hash_key(key: str) -> bytes:
    """Hash a key for storage; plain SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


def owner_of(prefix: str, key: str) -> str | None:
    """Read whose a key claims to be; None when it is no key of this kind.

    Example:
        >>> owner_of("hmc", "hmc_back-1_" + "x" * 43), owner_of("hmc", "hmt_1_2")
        ('back-1', None)
    """
    found = _KEY.fullmatch(key)
    return found[2] if found and found[1] == prefix else None

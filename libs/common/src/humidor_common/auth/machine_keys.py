"""Keys of terminals, devices and suppliers: each names its owner and carries 256 random bits."""

import hashlib
import hmac
import re
import secrets

SECRET_BYTES = 32
_KEY = re.compile(r"([a-z]{3})_([A-Za-z0-9][A-Za-z0-9.-]{0,63})_[A-Za-z0-9_-]{43}")


def make_key(prefix: str, owner: str) -> str:
    """Make a key of a kind, three lower-case letters, for an owner without an underscore in its name."""
    return f"{prefix}_{owner}_{secrets.token_urlsafe(SECRET_BYTES)}"


def hash_key(key: str) -> bytes:
    """Hash a key, or another secret of 256 random bits, for storage: plain SHA-256 is enough for these."""
    return hashlib.sha256(key.encode()).digest()


def fits(key: str, key_hash: bytes) -> bool:
    """Tell whether this is the key that was stored, in the same time whether it is or not."""
    return hmac.compare_digest(hash_key(key), key_hash)


def owner_of(prefix: str, key: str) -> str | None:
    """Read whose a key claims to be; None when it is no key of this kind.

    Example:
        >>> owner_of("hmc", "hmc_back-1_" + "x" * 43), owner_of("hmc", "hmt_1_2")
        ('back-1', None)
    """
    found = _KEY.fullmatch(key)
    return found[2] if found and found[1] == prefix else None

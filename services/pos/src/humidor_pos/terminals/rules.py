"""A terminal's key and its allowance of requests."""

import hashlib
import secrets

import msgspec

PREFIX = "hmt"
SECRET_BYTES = 32


def make_key(terminal_id: str) -> str:
    """Make a key: it names its terminal and carries 256 random bits."""
    return f"{PREFIX}_{terminal_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def hash_key(key: str) -> bytes:
    """Hash a key for storage; plain SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


def terminal_of(key: str) -> str | None:
    """Read which terminal a key claims to be of; None when it is no terminal's key."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != PREFIX or not parts[1].isalnum() or not key.isascii():
        return None
    return parts[1]


class Bucket(msgspec.Struct):
    """A token bucket: `level` requests may come at once, and it refills steadily."""

    level: float
    filled_at: float

    def take(self, now: float, *, per_second: float, burst: float) -> float:
        """Take one request from the bucket; returns 0, or the seconds after which to ask again."""
        level = min(burst, self.level + (now - self.filled_at) * per_second)
        self.filled_at = now
        if level < 1:
            self.level = level
            return (1 - level) / per_second
        self.level = level - 1
        return 0.0

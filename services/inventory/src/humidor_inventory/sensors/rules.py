"""A device's key, and the form in which a broker's password file knows it."""

import base64
import hashlib
import os
import re
import secrets

PREFIX = "hmc"
SECRET_BYTES = 32
# As mosquitto_passwd does it. More rounds would protect a password that people choose, not 256 random bits.
_BROKER_ROUNDS = 101
_KEY = re.compile(rf"{PREFIX}_([A-Za-z0-9][A-Za-z0-9.-]{{0,63}})_[A-Za-z0-9_-]{{43}}")


def make_key(device_id: str) -> str:
    """Make a key: it names its device and carries 256 random bits."""
    return f"{PREFIX}_{device_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def hash_key(key: str) -> bytes:
    """Hash a key for storage; plain SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(key.encode()).digest()


def device_of(key: str) -> str | None:
    """Read which device a key claims to be of; None when it is no device's key.

    Example:
        >>> device_of("hmc_back-1_" + "x" * 43), device_of("hmt_1_2")
        ('back-1', None)
    """
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def broker_hash(password: str, *, salt: bytes | None = None) -> str:
    """Hash a password as Mosquitto's password file has it: `$7$rounds$salt$PBKDF2-HMAC-SHA512`."""
    salt = salt or os.urandom(12)
    found = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _BROKER_ROUNDS)
    return f"$7${_BROKER_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(found).decode()}"

"""The form in which a broker's password file knows a device's key."""

import base64
import hashlib
import os

PREFIX = "hmc"
# As mosquitto_passwd does it. More rounds would protect a password that people choose, not 256 random bits.
_BROKER_ROUNDS = 101


def broker_hash(password: str, *, salt: bytes | None = None) -> str:
    """Hash a password as Mosquitto's password file has it: `$7$rounds$salt$PBKDF2-HMAC-SHA512`."""
    salt = salt or os.urandom(12)
    found = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _BROKER_ROUNDS)
    return f"$7${_BROKER_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(found).decode()}"

"""How WeCom encrypts what it calls us with: AES-256-CBC under the EncodingAESKey, signed with SHA-1."""

import base64
import binascii
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from humidor_customers.channels.adapter import Forged

_RANDOM = 16
_LENGTH = 4
_MOST_PADDING = 32


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """Give the `msg_signature`: SHA-1 over the four, sorted and put together."""
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - WeCom's own scheme


def check_signature(token: str, query: dict[str, str], encrypted: str) -> None:
    """Refuse what WeCom did not sign.

    Raises:
        Forged: The signature is another.
    """
    wanted = signature(token, query.get("timestamp", ""), query.get("nonce", ""), encrypted)
    if not hmac.compare_digest(wanted.encode(), query.get("msg_signature", "").encode()):
        raise Forged


def aes_key(encoding_aes_key: str) -> bytes:
    """Read the EncodingAESKey, 43 characters of base64 for 32 bytes.

    Raises:
        ValueError: It is not that.
    """
    try:
        key = base64.b64decode(encoding_aes_key + "=", validate=True)
    except binascii.Error as error:
        raise ValueError("is not an EncodingAESKey of 43 characters") from error
    if len(key) != 32:
        raise ValueError("is not an EncodingAESKey of 43 characters")
    return key


def decrypt(key: bytes, encrypted: str, *, receiver: str) -> bytes:
    """Decrypt what came for `receiver`, the corp id: 16 random bytes, length, message, receiver.

    Raises:
        Forged: It is for somebody else, or was not encrypted with the key.
    """
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
        plain = plain[: -plain[-1]] if plain and 1 <= plain[-1] <= _MOST_PADDING else b""
        (length,) = struct.unpack_from(">I", plain, _RANDOM)
    except (ValueError, binascii.Error, struct.error) as error:
        raise Forged from error
    begin = _RANDOM + _LENGTH
    if plain[begin + length :] != receiver.encode():
        raise Forged
    return plain[begin : begin + length]


def encrypt(key: bytes, message: bytes, *, receiver: str, random: bytes) -> str:
    """Encrypt as WeCom does; `random` are 16 bytes."""
    plain = random + struct.pack(">I", len(message)) + message + receiver.encode()
    padding = _MOST_PADDING - len(plain) % _MOST_PADDING
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    ).decode()

"""Secrets that a service must be able to read again, such as a password for another system, sealed at rest.

They are kept as compact JWE (RFC 7516) with a key of the installation's own: `dir`, A256GCM.
"""

import hashlib
from collections.abc import Mapping

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

SHORTEST_KEY = 32
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = list(_HEADER.values())


class SealBroken(Exception):  # noqa: N818 - reads as the state it reports
    """What was sealed cannot be opened with any of the keys, or is another one's."""


class _Sealed(msgspec.Struct, frozen=True):
    owner: str
    secrets: dict[str, str]


class Sealer:
    """Seals with the first key and opens with any, so that a key can be replaced while both stand there.

    Args:
        keys: Random texts of 32 characters or more with commas between them, such as
            `secrets.token_urlsafe(32)` makes; empty where the installation has none.

    Raises:
        ValueError: One of them is shorter.
    """

    def __init__(self, keys: str) -> None:
        texts = [text for each in keys.split(",") if (text := each.strip())]
        if any(len(text) < SHORTEST_KEY for text in texts):
            raise ValueError(f"a key that seals secrets has {SHORTEST_KEY} characters or more")
        self._keys = [OctKey.import_key(hashlib.sha256(text.encode()).digest()) for text in texts]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def seal(self, owner: str, secrets: Mapping[str, str]) -> str:
        """Seal secrets for their owner, whose name `open` asks for."""
        plain = msgspec.json.encode(_Sealed(owner, dict(secrets)))
        return jwe.encrypt_compact(_HEADER, plain, self._keys[0], algorithms=_ALGORITHMS)

    def open(self, owner: str, sealed: str | None) -> dict[str, str]:
        """Read what was sealed for this owner; nothing where nothing was.

        Raises:
            SealBroken: No key fits, or it was sealed for somebody else.
        """
        if sealed is None:
            return {}
        for key in self._keys:
            try:
                plain = jwe.decrypt_compact(sealed, key, algorithms=_ALGORITHMS).plaintext
                found = msgspec.json.decode(plain or b"", type=_Sealed)
            except (JoseError, ValueError):
                continue
            if found.owner == owner:
                return found.secrets
        raise SealBroken

"""The keys that sign, read again when their file changes, so that a rotation needs no restart."""

from pathlib import Path
from typing import Any

from humidor_common.auth import (
    Principal,
    SigningKey,
    jwks,
    load_or_create_signing_keys,
    load_signing_keys,
    sign_principal,
)
from humidor_gateway.settings import GatewaySettings


class Keys:
    """The signing keys of this process; the first one signs, all are published."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._path: Path = settings.signing_key
        self._issuer = settings.issuer
        self.ttl_seconds = settings.access_token_seconds
        self._keys: tuple[SigningKey, ...] = load_or_create_signing_keys(self._path)
        self._read_at = self._stamp()

    def current(self) -> tuple[SigningKey, ...]:
        stamp = self._stamp()
        if stamp != self._read_at:
            self._keys, self._read_at = load_signing_keys(self._path), stamp
        return self._keys

    def sign(self, principal: Principal) -> str:
        key = self.current()[0]
        return sign_principal(key, principal, ttl_seconds=self.ttl_seconds, issuer=self._issuer)

    def published(self) -> dict[str, Any]:
        return jwks(self.current())

    def _stamp(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_ino

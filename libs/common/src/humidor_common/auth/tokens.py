"""Verification of access tokens, cheap enough for the hot path."""

import base64
import binascii
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from humidor_common.auth.keys import KeySource, KeysUnavailable
from humidor_common.auth.principal import Kind, Principal
from humidor_common.auth.signing import ALGORITHM, AUDIENCE, DEFAULT_ISSUER, TOKEN_TYPE
from humidor_common.web.problems import unavailable

_MAX_TOKEN_CHARACTERS = 16 * 1024


class InvalidToken(Exception):  # noqa: N818 - the name says what it is
    """The token proves nothing; the text says why and is safe to show."""


class _Header(msgspec.Struct):
    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct):
    iss: str
    aud: str | list[str]
    sub: str
    exp: int | float
    kind: Kind
    nbf: int | float = 0
    roles: list[str] = []
    scope: str = ""
    stores: list[str] | None = None


class _Verified(msgspec.Struct, frozen=True):
    principal: Principal
    kid: str
    not_after: float


class TokenVerifier:
    """Verifies access tokens against a JWKS URL or file.

    A token once verified is remembered until it expires, so the next call with it costs a dictionary look-up
    and not a signature check; it is forgotten at once when its key leaves the key set.

    Args:
        source: `http(s)://…` or the path of a file with the JWK Set.
        issuer: The only accepted `iss`.
        leeway_seconds: How far clocks may differ.
        cache_size: The most tokens remembered.
        keys: Where keys come from, when not read plainly from `source`.
        now: The clock, in seconds since the epoch.
    """

    def __init__(
        self,
        source: str,
        *,
        issuer: str = DEFAULT_ISSUER,
        leeway_seconds: float = 30.0,
        cache_size: int = 4096,
        keys: KeySource | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys or KeySource(source)
        self._issuer = issuer
        self._leeway_seconds = leeway_seconds
        self._cache_size = cache_size
        self._now = now
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    def recall(self, token: str) -> Principal | None:
        """Return the principal of a token verified before, if it still holds."""
        known = self._verified.get(token)
        if known is None:
            return None
        if known.not_after <= self._now() or self._keys.current(known.kid) is None:
            del self._verified[token]
            return None
        self._verified.move_to_end(token)
        self._keys.refresh_if_old()
        return known.principal

    async def verify(self, token: str) -> Principal:
        """Prove who sent the token.

        Raises:
            InvalidToken: It is malformed, expired, not for us or not signed by our issuer.
            Problem: 503 when the keys could not be read even once.
        """
        known = self.recall(token)
        if known is not None:
            return known
        header = _read_header(token)
        try:
            key = await self._keys.get(header.kid)
        except KeysUnavailable as error:
            raise unavailable("Tokens cannot be verified yet: the key set is not reachable.") from error
        if key is None:
            raise InvalidToken("the token is signed by an unknown key")
        try:
            claims = msgspec.convert(jwt.decode(token, key, algorithms=[ALGORITHM]).claims, _Claims)
        except (JoseError, ValueError) as error:
            raise InvalidToken("the token's signature or content is not valid") from error
        self._check(claims)
        principal = _principal_of(claims)
        self._remember(token, _Verified(principal, header.kid, claims.exp + self._leeway_seconds))
        return principal

    def _check(self, claims: _Claims) -> None:
        now = self._now()
        if claims.exp + self._leeway_seconds <= now:
            raise InvalidToken("the token has expired")
        if claims.nbf - self._leeway_seconds > now:
            raise InvalidToken("the token is not valid yet")
        if claims.iss != self._issuer:
            raise InvalidToken("the token comes from another issuer")
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if AUDIENCE not in audiences:
            raise InvalidToken("the token is meant for another audience")

    def _remember(self, token: str, verified: _Verified) -> None:
        self._verified[token] = verified
        while len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)


def _read_header(token: str) -> _Header:
    """Read the header before anything is trusted; the algorithm is ours to choose, never the token's."""
    if len(token) > _MAX_TOKEN_CHARACTERS or token.count(".") != 2:
        raise InvalidToken("the token is not a signed JWT")
    encoded = token.partition(".")[0]
    try:
        content = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        header = msgspec.json.decode(content, type=_Header)
    except (binascii.Error, ValueError) as error:
        raise InvalidToken("the token's header cannot be read") from error
    if header.alg != ALGORITHM or header.typ.lower() != TOKEN_TYPE:
        raise InvalidToken("the token's algorithm or type is not accepted")
    return header


def _principal_of(claims: _Claims) -> Principal:
    stores: Any = claims.stores
    return Principal(
        subject=claims.sub,
        kind=claims.kind,
        roles=frozenset(claims.roles),
        scopes=frozenset(claims.scope.split()),
        stores=None if stores is None else frozenset(stores),
    )

"""Talks to the OpenID Connect provider."""

import time
from typing import Any, TypeVar

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from humidor_gateway.oidc.rules import Refused, check_id_token
from humidor_gateway.settings import GatewaySettings

T = TypeVar("T")

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
DISCOVERY_SECONDS = 3600.0
KEYS_INTERVAL_SECONDS = 30.0


class Discovery(msgspec.Struct):
    """The part of the provider's metadata that we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """The one provider of the settings; remembers its metadata and keys.

    Every method raises Refused where the provider cannot be reached or says something unexpected.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(10.0), follow_redirects=False)
        self._discovery: Discovery | None = None
        self._discovered_at = float("-inf")
        self._keys: KeySet | None = None
        self._keys_read_at = float("-inf")

    async def close(self) -> None:
        await self._http.aclose()

    async def discover(self) -> Discovery:
        if self._discovery is None or time.monotonic() - self._discovered_at > DISCOVERY_SECONDS:
            issuer = self.settings.oidc_issuer
            url = issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = self._decode(await self._request("GET", url), Discovery)
            if found.issuer != issuer:
                raise Refused(f"the provider calls itself {found.issuer!r}")
            self._discovery, self._discovered_at = found, time.monotonic()
        return self._discovery

    async def redeem(self, code: str, code_verifier: str, nonce: str) -> dict[str, Any]:
        """Trade the code for an ID token and give its checked claims."""
        discovery = await self.discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.oidc_redirect_url,
            "code_verifier": code_verifier,
            "client_id": self.settings.oidc_client_id,
        }
        secret = self.settings.oidc_client_secret
        auth = httpx.BasicAuth(self.settings.oidc_client_id, secret) if secret else None
        content = await self._request("POST", discovery.token_endpoint, data=form, auth=auth)
        answer = self._decode(content, dict[str, Any])
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Refused("the token endpoint gave no ID token")
        claims = await self._verify(token, discovery)
        check_id_token(
            claims,
            issuer=discovery.issuer,
            client_id=self.settings.oidc_client_id,
            nonce=nonce,
            now=time.time(),
        )
        return claims

    async def _verify(self, token: str, discovery: Discovery) -> dict[str, Any]:
        try:
            return self._decoded(token, await self._key_set(discovery, fresh=False))
        except Refused:
            # It may be signed by a key newer than the set we have.
            return self._decoded(token, await self._key_set(discovery, fresh=True))

    async def _key_set(self, discovery: Discovery, *, fresh: bool) -> KeySet:
        recent = time.monotonic() - self._keys_read_at < KEYS_INTERVAL_SECONDS
        if self._keys is None or (fresh and not recent):
            self._keys_read_at = time.monotonic()
            document = self._decode(await self._request("GET", discovery.jwks_uri), dict[str, Any])
            try:
                members = [key for key in document["keys"] if key.get("use", "sig") == "sig"]
                self._keys = KeySet.import_key_set({"keys": members})
            except (JoseError, AttributeError, KeyError, TypeError, ValueError) as error:
                raise Refused("the provider's keys cannot be read") from error
        return self._keys

    @staticmethod
    def _decoded(token: str, keys: KeySet) -> dict[str, Any]:
        try:
            return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError) as error:
            raise Refused("the ID token's signature does not hold") from error

    async def _request(self, method: str, url: str, **more: Any) -> bytes:
        headers = {"Accept": "application/json"}
        try:
            response = await self._http.request(method, url, headers=headers, **more)
        except httpx.HTTPError as error:
            raise Refused(f"the provider is not reachable: {error!r}") from error
        if response.status_code != 200:
            raise Refused(f"the provider answered {response.status_code} to {method} {url}")
        return response.content

    @staticmethod
    def _decode(content: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except ValueError as error:
            raise Refused("the provider's answer cannot be read") from error

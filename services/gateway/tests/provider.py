"""A contract fake of an OpenID Connect provider: the real wire format on a real socket, no browser."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from .proxying import Call

CLIENT_ID = "humidor-client"
CLIENT_SECRET = "s3cret"


class FakeProvider:
    """Answers discovery, keys and the token endpoint as OpenID Connect Core and RFC 7636 say."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.issuer = url
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {"sub": "248289761001", "preferred_username": "Li.Na", "name": "李娜"}
        self.override: dict[str, Any] = {}
        self.redeemed = 0

    def log_in(self, location: str) -> dict[str, str]:
        """Do what the browser and the person do: follow the redirect, agree, and come back with a code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    async def serve(self, call: Call) -> None:
        head = await call.head()
        method, path, _ = head.split(" ", 2)
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        }
        body = (await call.reader.readexactly(int(headers.get("content-length", "0")))).decode()
        status, document = self._answer(method, path, headers, body)
        content = json.dumps(document)
        await call.send(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}"
        )

    def _answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, Any]:
        if (method, path) == ("GET", "/.well-known/openid-configuration"):
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if (method, path) == ("GET", "/keys"):
            sealing = {**self.key.as_dict(private=False), "use": "enc", "kid": "enc"}
            return 200, {"keys": [sealing, {**self.key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}
        if (method, path) == ("POST", "/token"):
            return self._redeem(headers, {name: values[0] for name, values in parse_qs(body).items()})
        return 404, {"error": "not found"}

    def _redeem(self, headers: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        self.redeemed += 1
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if headers.get("authorization") != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = (
            asked is not None
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if not fits or asked is None:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "opaque",
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.claims,
            **self.override,
        }
        header = {"alg": "RS256", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=["RS256"])

"""The system's own HTTP API, called as an administrator of this machine."""

from types import TracebackType
from typing import Any, Self

import httpx

from humidor_cli.home import Home
from humidor_common.auth.signing import issue_token, load_signing_keys

_TOKEN_SECONDS = 900


class SampleError(Exception):
    """The sample business could not be loaded."""


class SampleApi:
    """Calls through the gateway; access to the signing key is what makes the caller an administrator."""

    def __init__(self, gateway_url: str, home: Home) -> None:
        self._home = home
        key = load_signing_keys(home.signing_key)[0]
        token = issue_token(
            key, subject="sample-business", roles=["admin"], kind="system", ttl_seconds=_TOKEN_SECONDS
        )
        self._client = httpx.AsyncClient(
            base_url=gateway_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    @property
    def home(self) -> Home:
        return self._home

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        return await self._send("PUT", path, document, {})

    async def post(
        self, path: str, document: dict[str, Any], idempotency_key: str | None = None
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._send("POST", path, document, headers)

    async def post_as_device(self, path: str, document: list[dict[str, Any]], key: str) -> dict[str, Any]:
        return await self._send("POST", path, document, {"Authorization": f"Bearer {key}"})

    async def _send(
        self,
        method: str,
        path: str,
        document: dict[str, Any] | list[dict[str, Any]],
        headers: dict[str, str],
    ) -> dict[str, Any]:
        try:
            answer = await self._client.request(method, path, json=document, headers=headers)
        except httpx.HTTPError as error:
            raise SampleError(f"{method} {path}: {type(error).__name__}") from error
        if answer.is_error:
            raise SampleError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return dict(answer.json()) if answer.content else {}

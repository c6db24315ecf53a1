"""HTTP calls to the services, patient with a system that is busy or restarting."""

import time
from collections.abc import Iterator
from typing import Any, Self

import httpx
import msgspec

from humidor_cli.errors import CliError
from humidor_cli.target import Target

_BUSY = frozenset((429, 502, 503, 504))
_LONGEST_PAUSE_SECONDS = 5.0
_PAGE_ITEMS = 1000


class RefusedError(CliError):
    """The service said no; `problem` is what it said."""

    def __init__(self, status: int, problem: dict[str, Any], asked: str) -> None:
        detail = problem.get("detail") or problem.get("title") or "without a reason"
        super().__init__(f"{asked}: {status} {detail}")
        self.status = status
        self.problem = problem


class Answer(msgspec.Struct, frozen=True):
    """A status below 400 and its document."""

    status: int
    document: Any
    replayed: bool = False


class Client:
    """Calls services; threads may share it.

    Args:
        target: The system.
        patience_seconds: For how long a call that the system cannot take now is tried again. Every call
            that is made through this class may be made twice.
    """

    def __init__(self, target: Target, *, patience_seconds: float = 60.0) -> None:
        self.target = target
        self._patience_seconds = patience_seconds
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=30)
        self._http = httpx.Client(timeout=60.0, limits=limits, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, service: str, path: str, **params: Any) -> Any:
        given = {name: value for name, value in params.items() if value is not None}
        return self.call(service, "GET", path, params=given).document

    def pages(self, service: str, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of every page."""
        cursor: str | None = None
        while True:
            page = self.get(service, path, limit=_PAGE_ITEMS, cursor=cursor, **params)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def call(  # noqa: PLR0913 - the parts of a request
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: dict[str, Any] | None = None,
        key: str | None = None,
        idempotency_key: str | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        """Call once, or as often as it takes while the system is busy; `key` in place of an admin's token.

        A body of bytes goes as it is, with its `media_type`.

        Raises:
            RefusedError: It answered with a problem that trying again does not mend.
            CliError: It did not answer in time.
        """
        url = self.target.address(service) + path
        content = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        deadline = time.monotonic() + self._patience_seconds
        pause = 0.1
        while True:
            headers = {"Authorization": f"Bearer {key or self.target.token()}"}
            if content is not None:
                headers["Content-Type"] = media_type
            if idempotency_key is not None:
                headers["Idempotency-Key"] = idempotency_key
            response, failure = self._try(method, url, content=content, params=params, headers=headers)
            if response is not None and response.status_code not in _BUSY:
                return _answer(response, f"{method} {url}")
            wait = max(pause, _retry_after(response))
            if time.monotonic() + wait > deadline:
                raise CliError(
                    f"{method} {url} was not answered for {self._patience_seconds:.0f} s: {failure}"
                )
            time.sleep(min(wait, _LONGEST_PAUSE_SECONDS))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _try(self, method: str, url: str, **given: Any) -> tuple[httpx.Response | None, str]:
        """Ask once; the text says what was wrong where trying again may help."""
        try:
            response = self._http.request(method, url, **given)
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"
        return (
            response,
            f"{response.status_code} {response.text[:200]}" if response.status_code in _BUSY else "",
        )


def _answer(response: httpx.Response, asked: str) -> Answer:
    try:
        document = msgspec.json.decode(response.content) if response.content else None
    except msgspec.DecodeError:
        document = {"detail": response.text[:500]}
    if response.status_code >= 400:
        raise RefusedError(response.status_code, document if isinstance(document, dict) else {}, asked)
    return Answer(response.status_code, document, "Idempotency-Replayed" in response.headers)


def _retry_after(response: httpx.Response | None) -> float:
    text = response.headers.get("Retry-After", "") if response is not None else ""
    return float(text) if text.isdigit() else 0.0

"""Requests that nobody sane would send: generated from a description, and texts known to do harm."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
from schemathesis.core.result import Ok

from humidor_common.service import Service
from humidor_common.settings import ServiceSettings
from humidor_common.web.app import create_app

STRINGS: list[str] = json.loads((Path(__file__).parent / "strings.json").read_text())["strings"]
LONG_STRINGS = ["x" * 5000, "9" * 300]

_NOT_HERE = {"/metrics", "/healthz", "/readyz"}
_OFFLINE = ServiceSettings(pg_dsn="", kafka_bootstrap_servers="", jwks="")


@cache
def describe(service: Service) -> Any:
    """Give the service's schema as schemathesis reads it; it takes seconds, so ask for it in a test."""
    return schemathesis.openapi.from_dict(create_app(service, _OFFLINE).openapi())


@cache
def operations_of(service: Service, *, without: str = "") -> list[Any]:
    """List what can be asked of the service; not its health, and not the path `without`."""
    found = [each.ok() for each in describe(service).get_all_operations() if isinstance(each, Ok)]
    return [each for each in found if each.path not in _NOT_HERE | {without}]


def fits(answer: httpx.Response) -> None:
    """Assert that an answer is no failure, and where it is a refusal a problem document."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


async def send(client: httpx.AsyncClient, case: Any, headers: dict[str, str]) -> httpx.Response:
    """Send a generated case with these credentials, encoded by `requests`: httpx refuses some of them."""
    base_url = str(client.base_url).rstrip("/")
    request = requests.Request(**case.as_transport_kwargs(base_url=base_url)).prepare()
    sent: dict[str, str] = {k: str(v) for k, v in request.headers.items()}
    sent = {k: v for k, v in sent.items() if k.lower() not in ("authorization", "cookie")} | headers
    body = request.body if isinstance(request.body, bytes | str) else b""
    return await client.request(str(request.method), str(request.url), content=body, headers=sent)

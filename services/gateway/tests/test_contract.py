"""schemathesis over the gateway's own description: whatever is sent, no 5xx and no undeclared shape."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from .conftest import Running
from .proxying import listening


async def test_generated_requests_never_break_the_gateway(running: Running) -> None:
    import asyncio

    running.gateway.addresses.rate_per_second = 0
    running.gateway.credentials.rate_per_second = 0
    async with listening(running.gateway) as url:
        document = (await running.client.get("/openapi.json")).json()
        failures = await asyncio.to_thread(probe, document, url, running.admin)
    assert failures == []


def operations(schema: Any) -> Iterator[Any]:
    for result in schema.get_all_operations():
        yield result.ok()


def probe(document: dict[str, Any], url: str, headers: dict[str, str]) -> list[str]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    failures: list[str] = []
    for operation in operations(schema):

        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Any) -> None:
            response = case.call(headers=headers, timeout=20)
            if response.status_code >= 500:
                failures.append(f"{case.method} {case.formatted_path}: {response.status_code}")
            elif response.status_code < 400 or "json" not in response.headers.get("content-type", [""])[0]:
                return
            elif "problem+json" not in response.headers["content-type"][0] and case.path != "/oauth/token":
                failures.append(f"{case.method} {case.formatted_path}: not a problem document")

        given(case=operation.as_strategy())(send)()
    return failures


@pytest.mark.parametrize("path", ["/v1/users", "/v1/clients", "/v1/login", "/oauth/token"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 2000, b'{"a": 1e999}'])
async def test_bodies_that_are_no_document_are_4xx(running: Running, path: str, body: bytes) -> None:
    headers = running.admin | {"Content-Type": "application/json"}
    answer = await running.client.post(path, content=body, headers=headers)
    assert 400 <= answer.status_code < 500

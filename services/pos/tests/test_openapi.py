"""Generated requests against the service's own API description: no 5xx, no undeclared answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from humidor_common.settings import ServiceSettings
from humidor_common.web.app import create_app
from humidor_pos.app import SERVICE

Make = Callable[..., Any]
EXAMPLES_EACH = 4


def test_the_description_shows_the_contracts_example(settings_for: Callable[..., ServiceSettings]) -> None:
    document = create_app(SERVICE, settings_for(SERVICE, bus=False)).openapi()
    body = document["paths"]["/v1/sales"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"]["lines"][0]["unit_price"] == 2500
    assert body["schema"]["properties"]["lines"]["maxItems"] == 500
    assert "sale_id" in body["schema"]["required"]
    assert {"/v1/sales:batch", "/v1/sales:stream", "/v1/returns", "/v1/voids"} <= set(document["paths"])


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def test_generated_requests_never_break_the_service(
    settings_for: Callable[..., ServiceSettings], auth: Make
) -> None:
    app = create_app(SERVICE, settings_for(SERVICE, bus=False))
    async with listening(app) as url, httpx.AsyncClient(base_url=url, headers=auth()) as client:
        made = await client.post("/v1/terminals", json={"store_id": "S0001"})
        key = {"Authorization": f"Bearer {made.json()['key']}"}
        failures = await asyncio.to_thread(probe, app.openapi(), url, auth(), key)
        recorded = await client.get("/v1/sales", params={"store_id": "S0001"})
    assert failures == []
    assert recorded.status_code == 200


TERMINALS = {
    "/v1/sales",
    "/v1/sales:batch",
    "/v1/sales:stream",
    "/v1/returns",
    "/v1/voids",
    "/v1/day-closings",
}


def probe(document: dict[str, Any], url: str, admin: dict[str, str], key: dict[str, str]) -> list[str]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    failures: list[str] = []

    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        headers = key if case.path in TERMINALS and case.method == "POST" else admin
        response = case.call(headers=headers, timeout=20)
        declared = document["paths"][case.path][case.method.lower()]["responses"]
        content_type = response.headers.get("content-type", [""])[0]
        if response.status_code >= 500:
            failures.append(f"{case.method} {case.formatted_path}: {response.status_code}")
        elif response.status_code >= 400 and "problem+json" not in content_type:
            failures.append(f"{case.method} {case.formatted_path}: not a problem document")
        elif response.status_code < 400 and str(response.status_code) not in declared:
            failures.append(f"{case.method} {case.formatted_path}: {response.status_code} undeclared")

    for found in schema.get_all_operations():
        operation: Any = found
        # NDJSON has no serializer there; test_faults.py covers the stream.
        if operation.ok().path != "/v1/sales:stream":
            given(case=operation.ok().as_strategy())(send)()
    return failures

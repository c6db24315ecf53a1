"""Whatever a caller sends, the answer is a 4xx or what was asked for: never a 5xx, never half a change."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from humidor_common.settings import ServiceSettings
from humidor_common.web.app import create_app
from humidor_customers.app import SERVICE
from humidor_customers.testing.desk import Desk, licence

# The collection of hostile texts is kept once, beside inventory's tests.
_TEXTS = Path(__file__).parents[3] / "inventory/tests/hostile/strings.json"
STRINGS: list[str] = [*json.loads(_TEXTS.read_text())["strings"], "x" * 5000, "9" * 300]
OFFLINE = ServiceSettings(pg_dsn="", kafka_bootstrap_servers="", jwks="")
NOT_HERE = ("/metrics", "/healthz", "/readyz")
SCHEMA = schemathesis.openapi.from_dict(create_app(SERVICE, OFFLINE).openapi())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
OPERATIONS = [each for each in OPERATIONS if each.path not in NOT_HERE]


def fits(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_generated_request_makes_the_service_fail(
    desk: Desk, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    request = requests.Request(**case.as_transport_kwargs(base_url="http://customers")).prepare()
    sent: dict[str, str] = {k: str(v) for k, v in request.headers.items()}
    sent = {k: v for k, v in sent.items() if k.lower() not in ("authorization", "cookie")} | desk.auth()
    body = request.body if isinstance(request.body, bytes | str) else b""
    fits(await desk.client.request(str(request.method), str(request.url), content=body, headers=sent))


@pytest.mark.parametrize("field", ["name", "trade_area", "address", "tags", "contacts", "custom"])
async def test_a_hostile_text_is_refused_or_kept_as_it_is(desk: Desk, field: str) -> None:
    await desk.ask("PUT", "/v1/custom-fields/text", json={"label": "Text", "kind": "text"}, expect=201)
    for text in STRINGS:
        value: Any = text
        if field == "tags":
            value = [text]
        if field == "contacts":
            value = [{"name": text, "role": None, "phone": text, "email": None}]
        if field == "custom":
            value = {"text": text}
        body = json.dumps({"name": "x", "licence_number": licence(1)} | {field: value})
        headers = desk.auth() | {"Content-Type": "application/json"}
        answer = await desk.client.put("/v1/retailers/C1", content=body, headers=headers)
        fits(answer)
        if answer.is_success:
            assert (await desk.get("C1"))[field] == value


async def test_a_hostile_path_or_query_finds_nothing_and_writes_nothing(desk: Desk) -> None:
    for text in STRINGS:
        part = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for method, path in (
            ("PUT", f"/v1/retailers/{part}"),
            ("PUT", f"/v1/custom-fields/{part}"),
            ("GET", f"/v1/retailers?name={part}"),
            ("GET", f"/v1/retailers?licence={part}"),
            ("GET", f"/v1/retailers?custom={part}"),
            ("GET", f"/v1/retailers?custom=a%3D{part}"),
            ("GET", f"/v1/retailers?cursor={part}"),
        ):
            answer = await desk.client.request(method, path, json={"name": 1}, headers=desk.auth())
            fits(answer)
            assert method == "GET" or answer.status_code >= 300
    assert await desk.ids() == []

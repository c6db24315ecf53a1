"""Whatever a caller sends, the answer is a 4xx or what was asked for: never a 5xx, never half a change."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from humidor_common.testing.hostile import LONG_STRINGS, STRINGS, fits, operations_of, send
from humidor_customers.app import SERVICE
from humidor_customers.testing.desk import Desk, licence

TEXTS = [*STRINGS, *LONG_STRINGS]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_generated_request_makes_the_service_fail(
    desk: Desk, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(operations_of(SERVICE)))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    fits(await send(desk.client, case, desk.auth()))


@pytest.mark.parametrize("field", ["name", "trade_area", "address", "tags", "contacts", "custom"])
async def test_a_hostile_text_is_refused_or_kept_as_it_is(desk: Desk, field: str) -> None:
    await desk.ask("PUT", "/v1/custom-fields/text", json={"label": "Text", "kind": "text"}, expect=201)
    for text in TEXTS:
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
    for text in TEXTS:
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

"""Whatever a caller sends, the answer is a 4xx or what was asked for: never a 5xx, never half a change."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from humidor_common.testing.hostile import LONG_STRINGS, STRINGS, fits, operations_of, send
from humidor_forecasting.app import SERVICE
from humidor_forecasting.testing.market import Market

TEXTS = [*STRINGS, *LONG_STRINGS]
# An estimate starts a process, which its own tests do often enough.
SLOW = "/v1/elasticities"


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_generated_request_makes_the_service_fail(
    market: Market, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(operations_of(SERVICE, without=SLOW)))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    fits(await send(market.client, case, market.auth()))


async def test_a_hostile_path_query_or_text_is_refused_or_finds_nothing(market: Market) -> None:
    offer = {"starts_on": "2026-12-01", "ends_on": "2026-12-02", "mechanic": "display"}
    headers = market.auth() | {"Content-Type": "application/json"}
    for text in TEXTS:
        part = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for path in (
            f"/v1/demand?store_id={part}",
            f"/v1/demand?area={part}",
            f"/v1/demand?brand={part}",
            f"/v1/series?cursor={part}",
            f"/v1/forecasts/S1/{part}",
            f"/v1/runs/{part}",
        ):
            fits(await market.client.get(path, headers=headers))
        body = json.dumps(offer | {"name": text})
        answer = await market.client.put("/v1/promotions/p1", content=body, headers=headers)
        fits(answer)
        if answer.is_success:
            assert (await market.ask("GET", "/v1/promotions/p1"))["name"] == text

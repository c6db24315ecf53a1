"""Whatever a caller sends, the answer is a 4xx or what was asked for: never a 5xx, never half a change."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from humidor_common.testing.hostile import LONG_STRINGS, STRINGS, describe, fits, operations_of, send
from humidor_inventory.app import SERVICE
from humidor_inventory.testing.shop import STORE, Shop, make_gtin

TEXTS = [*STRINGS, *LONG_STRINGS]
# The stream has no end; tests/live has it.
ENDLESS = "/v1/stock:stream"


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_no_generated_request_makes_the_service_fail(
    shop: Shop, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = data.draw(st.sampled_from(operations_of(SERVICE, without=ENDLESS)))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    fits(await send(shop.client, case, shop.auth()))


@pytest.mark.parametrize("field", ["name", "brand", "price_class", "currency", "supplier_id", "status"])
async def test_a_hostile_text_is_refused_or_kept_as_it_is(shop: Shop, field: str) -> None:
    gtin = make_gtin(1)
    for text in TEXTS:
        body = json.dumps({"name": "x", "brand": "y"} | {field: text})
        headers = shop.auth() | {"Content-Type": "application/json"}
        answer = await shop.client.put(f"/v1/products/{gtin}", content=body, headers=headers)
        fits(answer)
        if answer.is_success:
            assert (await shop.ask("GET", f"/v1/products/{gtin}"))[field] == text


async def test_a_hostile_path_or_query_finds_nothing_and_writes_nothing(shop: Shop) -> None:
    level = {"reorder_point": 1, "order_up_to": 2}
    for text in TEXTS:
        part = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for method, path in (
            ("PUT", f"/v1/products/{part}"),
            ("PUT", f"/v1/levels/{STORE}/{part}"),
            ("PUT", f"/v1/levels/{part}/{make_gtin(1)}"),
            ("GET", f"/v1/stock?store_id={part}"),
            ("GET", f"/v1/stock?cursor={part}"),
            ("GET", f"/v1/products?brand={part}"),
            ("GET", f"/v1/alerts?cursor={part}"),
        ):
            body = level if "levels" in path else {"name": "x", "brand": "y"}
            answer = await shop.client.request(
                method, path, json=body if method == "PUT" else None, headers=shop.auth()
            )
            fits(answer)
            assert method == "GET" or answer.status_code >= 300
    assert (await shop.ask("GET", "/v1/products"))["items"] == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"store_id": "S0001", "lines": [{', b"\xff\xfe"]
)
async def test_a_truncated_body_is_refused(shop: Shop, body: bytes) -> None:
    headers = shop.auth() | {"Content-Type": "application/json"}
    answer = await shop.client.post("/v1/receipts", content=body, headers=headers)
    fits(answer)
    assert answer.status_code in (400, 422)


async def test_a_hostile_lot_code_is_refused_or_kept_as_it_is(shop: Shop, gtin: str) -> None:
    for text in TEXTS:
        body = json.dumps({"store_id": STORE, "lines": [{"gtin": gtin, "quantity": 1, "lot": text}]})
        headers = shop.auth() | {"Content-Type": "application/json"}
        answer = await shop.client.post("/v1/receipts", content=body, headers=headers)
        fits(answer)
        if answer.is_success:
            assert answer.json()["lines"][0]["lot"] == text
    await shop.check()


async def test_the_ends_of_the_calendar_are_refused_or_answered(shop: Shop) -> None:
    ends = {
        "date": ("0001-01-01", "9999-12-31"),
        "date-time": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    }
    failed = []
    paths = {each.path for each in operations_of(SERVICE, without=ENDLESS)}
    for path, operations in describe(SERVICE).raw_schema["paths"].items():
        parameters = operations.get("get", {}).get("parameters", ())
        queries = [each for each in parameters if each["in"] == "query"]
        dated = {each["name"]: kind for each in queries if (kind := _format(each["schema"])) in ends}
        if not dated or path not in paths:
            continue
        filled = path.format_map({each["name"]: STORE for each in parameters if each["in"] == "path"})
        for end in (0, 1):
            asked = {name: ends[kind][end] for name, kind in dated.items()}
            for query in (asked, *({name: value} for name, value in asked.items())):
                answer = await shop.client.get(filled, params=query, headers=shop.auth())
                if answer.status_code >= 500:
                    failed.append((filled, query))
    assert not failed


def _format(schema: dict[str, Any]) -> str:
    found: list[str] = [part["format"] for part in (schema, *schema.get("anyOf", ())) if "format" in part]
    return found[0] if found else ""

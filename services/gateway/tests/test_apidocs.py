import json
from typing import Any

import pytest

from humidor_gateway.apidocs.rules import merge

from .conftest import Running, Start
from .proxying import Call, scripted


def document(name: str, **schema: Any) -> dict[str, Any]:
    operation = {
        "operationId": "list_items",
        "tags": ["items"],
        "security": [{"bearer": []}],
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {"/v1/items": {"get": operation}},
        "components": {
            "schemas": {
                "Item": {"type": "object", **schema},
                "List": {"items": {"$ref": "#/components/schemas/Item"}},
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for member in value.values() for each in references(member)]
    return [each for member in value for each in references(member)] if isinstance(value, list) else []


def merged() -> dict[str, Any]:
    services = {"pos": document("P", title="pos"), "inventory": document("I", title="inventory")}
    return merge(document("G"), services, [])


def test_paths_stand_behind_their_service() -> None:
    assert set(merged()["paths"]) == {"/v1/items", "/pos/v1/items", "/inventory/v1/items"}


def test_one_name_meaning_two_things_stays_two() -> None:
    schemas = merged()["components"]["schemas"]
    assert schemas["pos.Item"]["title"] == "pos"
    assert schemas["inventory.Item"]["title"] == "inventory"


def test_every_reference_leads_somewhere() -> None:
    whole = merged()
    found = references(whole)
    assert len(found) == 6
    for reference in found:
        _, _, section, name = reference.split("/")
        assert name in whole["components"][section]


def test_one_security_scheme_is_shared_and_a_different_one_is_not() -> None:
    other = document("P")
    other["components"]["securitySchemes"]["bearer"]["scheme"] = "basic"
    whole = merge(document("G"), {"pos": other, "inventory": document("I")}, [])
    assert set(whole["components"]["securitySchemes"]) == {"bearer", "pos.bearer"}
    assert whole["paths"]["/pos/v1/items"]["get"]["security"] == [{"pos.bearer": []}]


def test_operations_have_names_of_their_own() -> None:
    names = [item["get"]["operationId"] for item in merged()["paths"].values()]
    assert sorted(names) == ["gateway_list_items", "inventory_list_items", "pos_list_items"]


def test_discriminators_follow_their_schemas() -> None:
    service = document("P")
    service["components"]["schemas"]["Any"] = {
        "discriminator": {"propertyName": "kind", "mapping": {"item": "#/components/schemas/Item"}}
    }
    schemas = merge(document("G"), {"pos": service}, [])["components"]["schemas"]
    assert schemas["pos.Any"]["discriminator"]["mapping"] == {"item": "#/components/schemas/pos.Item"}


def test_a_service_that_is_down_is_named() -> None:
    assert "left out: pos" in merge(document("G"), {}, ["pos"])["info"]["description"]


async def test_the_gateway_serves_one_valid_document(start: Start) -> None:
    import schemathesis

    async with scripted() as upstream:

        async def describe(call: Call) -> None:
            await call.head()
            body = json.dumps(document("P"))
            await call.send(
                f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
            )

        upstream.script = describe
        running = await start(upstreams=f"pos={upstream.url},inventory=http://127.0.0.1:1")
        whole = (await running.client.get("/openapi.json")).json()
        assert {"/v1/login", "/oauth/token", "/pos/v1/items"} <= set(whole["paths"])
        assert "left out: inventory" in whole["info"]["description"]
        again = (await running.client.get("/openapi.json")).json()
        assert again == whole
        assert upstream.connections == 1
        schemathesis.openapi.from_dict(whole).validate()


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"paths": []}', '{"paths": {"/x": 1}}', '{"components": 1}', "x" * 10]
)
async def test_a_service_with_a_broken_description_breaks_nothing(start: Start, body: str) -> None:
    async with scripted() as upstream:

        async def describe(call: Call) -> None:
            await call.head()
            await call.send(
                f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
            )

        upstream.script = describe
        running = await start(upstreams=f"pos={upstream.url}")
        whole = (await running.client.get("/openapi.json")).json()
        assert "left out: pos" in whole["info"]["description"]


async def test_the_page_needs_no_other_host(running: Running) -> None:
    page = await running.client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png", "start.js"):
        assert f"docs/assets/{name}" in page.text
        assert len((await running.client.get(f"/docs/assets/{name}")).content) > 100
    for name in ("nothing.js", "..%2Fcore.py", "redoc.standalone.js"):
        assert (await running.client.get(f"/docs/assets/{name}")).status_code == 404

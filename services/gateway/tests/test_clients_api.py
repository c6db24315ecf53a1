import base64
from typing import Any

import pytest

from .conftest import Auth, Running

NEW = {
    "client_id": "erp",
    "name": "ERP",
    "scopes": ["inventory:read", "inventory:write"],
    "stores": ["S0001"],
}


async def register(running: Running, **changes: Any) -> str:
    answer = await running.client.post("/v1/clients", json={**NEW, **changes}, headers=running.admin)
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["client_secret"]
    return secret


async def ask(running: Running, secret: str, *, client_id: str = "erp", **form: str) -> Any:
    data = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **form}
    return await running.client.post("/oauth/token", data={k: v for k, v in data.items() if v})


async def test_a_system_gets_a_token_with_its_scopes_and_stores(running: Running) -> None:
    answer = await ask(running, await register(running))
    assert answer.status_code == 200
    token = answer.json()
    assert (token["token_type"], token["scope"]) == ("Bearer", "inventory:read inventory:write")
    assert answer.headers["Cache-Control"] == "no-store"
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    me = (await running.client.get("/v1/me", headers=bearer)).json()
    assert (me["subject"], me["kind"], me["stores"], me["roles"]) == ("erp", "system", ["S0001"], [])


async def test_the_secret_may_come_by_http_basic(running: Running) -> None:
    secret = await register(running)
    encoded = base64.b64encode(f"erp:{secret}".encode()).decode()
    answer = await running.client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {encoded}"},
    )
    assert answer.status_code == 200


async def test_a_system_may_ask_for_less_but_not_for_more(running: Running) -> None:
    secret = await register(running)
    assert (await ask(running, secret, scope="inventory:read")).json()["scope"] == "inventory:read"
    refused = await ask(running, secret, scope="inventory:read gateway:admin")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


async def test_wrong_secrets_and_unknown_clients_look_the_same(running: Running) -> None:
    await register(running)
    answers = [await ask(running, "wrong"), await ask(running, "wrong", client_id="nobody")]
    assert answers[0].json() == answers[1].json()
    assert answers[0].status_code == 401
    assert answers[0].json()["error"] == "invalid_client"
    assert answers[0].headers["WWW-Authenticate"].startswith("Basic")


async def test_an_empty_secret_opens_nothing(running: Running) -> None:
    await register(running)
    assert (await ask(running, "")).status_code == 401
    assert (await ask(running, "", client_id="nobody")).status_code == 401


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "", "refresh_token"])
async def test_other_grants_are_refused(running: Running, grant_type: str) -> None:
    answer = await ask(running, "x", grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWJj", "Basic /////w=="])
async def test_unreadable_basic_credentials_are_refused(running: Running, header: str) -> None:
    answer = await running.client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_guessing_secrets_is_slowed_down(running: Running) -> None:
    await register(running)
    statuses = [(await ask(running, "wrong")).status_code for _ in range(8)]
    assert 429 in statuses


async def test_a_rotated_secret_replaces_the_old_one(running: Running) -> None:
    old = await register(running)
    answer = await running.client.post("/v1/clients/erp:rotate-secret", headers=running.admin)
    assert (await ask(running, old)).status_code == 401
    assert (await ask(running, answer.json()["client_secret"])).status_code == 200


async def test_a_disabled_client_gets_no_token(running: Running) -> None:
    secret = await register(running)
    changed = await running.client.patch("/v1/clients/erp", json={"state": "disabled"}, headers=running.admin)
    assert changed.status_code == 200
    assert (await ask(running, secret)).status_code == 401


async def test_clients_are_listed_without_secrets_and_audited(running: Running) -> None:
    secret = await register(running)
    listed = await running.client.get("/v1/clients", headers=running.admin)
    assert [item["client_id"] for item in listed.json()["items"]] == ["erp"]
    audit = await running.client.get("/v1/audit?entity_id=erp", headers=running.admin)
    assert [entry["action"] for entry in audit.json()["items"]] == ["register"]
    assert secret not in listed.text + audit.text


async def test_nobody_hands_out_stores_they_do_not_have(running: Running, auth: Auth) -> None:
    bound = auth("admin", stores=["S0001"])
    new = {**NEW, "stores": None}
    assert (await running.client.post("/v1/clients", json=new, headers=bound)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["pos:everything"]}, "scopes[0]"),
        ({"scopes": ["cellar:read"]}, "scopes"),
        ({"client_id": "A B"}, "client_id"),
    ],
)
async def test_bad_clients_are_refused_by_field(
    running: Running, changes: dict[str, Any], field: str
) -> None:
    answer = await running.client.post("/v1/clients", json={**NEW, **changes}, headers=running.admin)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_unknown_clients_are_404(running: Running) -> None:
    assert (await running.client.get("/v1/clients/nobody", headers=running.admin)).status_code == 404
    rotated = await running.client.post("/v1/clients/nobody:rotate-secret", headers=running.admin)
    assert rotated.status_code == 404

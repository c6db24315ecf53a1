from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from .conftest import Running, Start
from .provider import CLIENT_ID, CLIENT_SECRET, FakeProvider
from .proxying import scripted

CALLBACK = "http://gateway/v1/oidc/callback"


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with scripted() as server:
        fake = FakeProvider(server.url)
        fake.claims["groups"] = ["cellar-managers"]
        server.script = fake.serve
        yield fake


@pytest.fixture
async def oidc(start: Start, provider: FakeProvider) -> Running:
    return await start(**settings(provider))


def settings(provider: FakeProvider, **changes: str) -> dict[str, str]:
    return {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_redirect_url": CALLBACK,
        "oidc_roles_claim": "groups",
        "oidc_roles": "cellar-managers=manager,chiefs=admin",
        **changes,
    }


async def begin(running: Running, provider: FakeProvider) -> dict[str, str]:
    answer = await running.client.get("/v1/oidc/login")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{provider.url}/authorize?")
    return provider.log_in(answer.headers["Location"])


async def finish(running: Running, params: dict[str, str]) -> httpx.Response:
    return await running.client.get("/v1/oidc/callback", params=params)


async def log_in(running: Running, provider: FakeProvider) -> httpx.Response:
    return await finish(running, await begin(running, provider))


async def me(running: Running, answer: httpx.Response) -> Any:
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return (await running.client.get("/v1/me", headers=bearer)).json()


async def test_a_log_in_at_the_provider_begins_a_session(oidc: Running, provider: FakeProvider) -> None:
    answer = await log_in(oidc, provider)
    assert answer.status_code == 200, answer.text
    shown = await me(oidc, answer)
    assert (shown["subject"], shown["roles"]) == ("li.na", ["manager"])
    refreshed = await oidc.client.post("/v1/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert refreshed.status_code == 200


async def test_a_new_user_has_no_store_until_someone_gives_one(oidc: Running, provider: FakeProvider) -> None:
    assert (await me(oidc, await log_in(oidc, provider)))["stores"] == []
    change = {"stores": ["S0001"]}
    await oidc.client.patch("/v1/users/li.na", json=change, headers=oidc.admin)
    assert (await me(oidc, await log_in(oidc, provider)))["stores"] == ["S0001"]


async def test_the_provider_may_say_the_stores(start: Start, provider: FakeProvider) -> None:
    running = await start(**settings(provider, oidc_stores_claim="humidor.stores"))
    provider.claims["humidor"] = {"stores": ["S0002", "S0001"]}
    assert (await me(running, await log_in(running, provider)))["stores"] == ["S0001", "S0002"]
    provider.claims["humidor"] = {"stores": ["*"]}
    assert (await me(running, await log_in(running, provider)))["stores"] is None


async def test_the_same_person_is_the_same_user_and_roles_follow(
    oidc: Running, provider: FakeProvider
) -> None:
    await log_in(oidc, provider)
    provider.claims |= {"preferred_username": "renamed", "groups": ["chiefs"]}
    shown = await me(oidc, await log_in(oidc, provider))
    assert (shown["subject"], shown["roles"]) == ("li.na", ["admin"])


async def test_a_local_user_of_that_name_is_not_taken_over(oidc: Running, provider: FakeProvider) -> None:
    new = {"username": "li.na", "roles": ["admin"]}
    await oidc.client.post("/v1/users", json=new, headers=oidc.admin)
    shown = await me(oidc, await log_in(oidc, provider))
    assert shown["subject"].startswith("li.na-")
    assert shown["roles"] == ["manager"]


async def test_without_a_role_there_is_no_entry(oidc: Running, provider: FakeProvider) -> None:
    provider.claims["groups"] = ["visitors", "admin"]
    answer = await log_in(oidc, provider)
    assert (answer.status_code, answer.json()["code"]) == (403, "no-role")
    assert await oidc.fetch("SELECT count(*) FROM users") == 0


async def test_a_disabled_user_stays_out(oidc: Running, provider: FakeProvider) -> None:
    await log_in(oidc, provider)
    await oidc.client.patch("/v1/users/li.na", json={"state": "disabled"}, headers=oidc.admin)
    assert (await log_in(oidc, provider)).status_code == 401


async def test_there_is_no_password_for_such_a_user(oidc: Running, provider: FakeProvider) -> None:
    await log_in(oidc, provider)
    answer = await oidc.client.post("/v1/login", json={"username": "li.na", "password": "anything"})
    assert answer.status_code == 401
    reset = await oidc.client.post("/v1/users/li.na:reset-password", headers=oidc.admin)
    assert (reset.status_code, reset.json()["code"]) == (409, "no-password")


async def test_an_answer_counts_once(oidc: Running, provider: FakeProvider) -> None:
    params = await begin(oidc, provider)
    cookie = oidc.client.cookies["humidor_oidc"]
    assert (await finish(oidc, params)).status_code == 200
    oidc.client.cookies.set("humidor_oidc", cookie)
    again = await finish(oidc, params)
    assert (again.status_code, again.json()["code"]) == (401, "log-in-refused")
    assert provider.redeemed == 1


async def test_an_answer_in_another_browser_is_refused(oidc: Running, provider: FakeProvider) -> None:
    params = await begin(oidc, provider)
    oidc.client.cookies.clear()
    assert (await finish(oidc, params)).status_code == 401
    oidc.client.cookies.set("humidor_oidc", "another")
    assert (await finish(oidc, params)).status_code == 401
    assert provider.redeemed == 0


async def test_a_log_in_that_took_too_long_is_refused(oidc: Running, provider: FakeProvider) -> None:
    params = await begin(oidc, provider)
    await oidc.runtime.pool.execute("UPDATE oidc_logins SET created_at = now() - interval '11 minutes'")
    assert (await finish(oidc, params)).status_code == 401


@pytest.mark.parametrize(
    "override",
    [
        {"iss": "https://elsewhere"},
        {"aud": "someone-else"},
        {"aud": ["humidor-client"], "azp": "someone-else"},
        {"nonce": "another"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": None},
        {"exp": "soon"},
    ],
)
async def test_an_id_token_that_does_not_fit_is_refused(
    oidc: Running, provider: FakeProvider, override: dict[str, Any]
) -> None:
    provider.override = override
    answer = await log_in(oidc, provider)
    assert (answer.status_code, answer.json()["code"]) == (401, "log-in-refused")
    assert await oidc.fetch("SELECT count(*) FROM users") == 0


async def test_an_id_token_signed_by_someone_else_is_refused(oidc: Running, provider: FakeProvider) -> None:
    await log_in(oidc, provider)
    published = provider.key
    provider.key = RSAKey.import_key(
        {**RSAKey.generate_key(2048).as_dict(private=True), "kid": str(published.kid)}
    )
    assert (await log_in(oidc, provider)).status_code == 401


async def test_a_wrong_code_is_refused(oidc: Running, provider: FakeProvider) -> None:
    params = await begin(oidc, provider)
    assert (await finish(oidc, {**params, "code": "guessed"})).status_code == 401


@pytest.mark.parametrize(
    "params", [{}, {"code": "x"}, {"state": "x"}, {"error": "access_denied", "state": "x"}, {"code": "\x00"}]
)
async def test_an_incomplete_answer_is_refused(
    oidc: Running, provider: FakeProvider, params: dict[str, str]
) -> None:
    await begin(oidc, provider)
    assert (await finish(oidc, params)).status_code in (401, 422)


async def test_a_provider_under_another_name_is_not_trusted(oidc: Running, provider: FakeProvider) -> None:
    provider.issuer = "https://elsewhere"
    answer = await oidc.client.get("/v1/oidc/login")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_a_provider_that_is_down_is_503(start: Start, provider: FakeProvider) -> None:
    running = await start(**settings(provider, oidc_issuer="http://127.0.0.1:1"))
    assert (await running.client.get("/v1/oidc/login")).status_code == 503


async def test_without_a_provider_there_is_no_such_log_in(running: Running) -> None:
    answer = await running.client.get("/v1/oidc/login")
    assert (answer.status_code, answer.json()["code"]) == (404, "oidc-not-configured")

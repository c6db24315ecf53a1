import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response

from humidor_common.auth import Principal, SigningKey, TokenVerifier, issue_token, jwks
from humidor_common.web.authorization import Authenticated, require
from humidor_common.web.problems import Problem


async def render(_request: Request, error: Problem) -> Response:
    return Response(json.dumps(error.document()), error.status, error.headers)


@pytest.fixture
async def client(tmp_path: Path, key: SigningKey) -> AsyncIterator[httpx.AsyncClient]:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks([key])))
    app = FastAPI(exception_handlers={Problem: render})
    app.state.runtime = SimpleNamespace(verifier=TokenVerifier(str(path)))

    @app.get("/stock")
    async def stock(principal: Annotated[Principal, Depends(require("inventory:read"))]) -> str:
        return principal.subject

    @app.get("/me")
    async def me(principal: Authenticated) -> str:
        return principal.subject

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_scope_opens_the_door(client: httpx.AsyncClient, key: SigningKey) -> None:
    answer = await client.get("/stock", headers=bearing(issue_token(key, subject="anna", roles=["clerk"])))
    assert (answer.status_code, answer.json()) == (200, "anna")


async def test_no_token_is_401_with_a_plain_challenge(client: httpx.AsyncClient) -> None:
    answer = await client.get("/stock")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="humidor"'


@pytest.mark.parametrize("value", ["Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer", "bearer "])
async def test_a_bad_credential_is_401(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/stock", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_invalid_token_says_so_in_the_challenge(client: httpx.AsyncClient) -> None:
    answer = await client.get("/stock", headers=bearing("a.b.c"))
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_missing_scope_is_403_and_named(client: httpx.AsyncClient, key: SigningKey) -> None:
    answer = await client.get("/stock", headers=bearing(issue_token(key, subject="anna")))
    assert answer.status_code == 403
    assert answer.json()["code"] == "scope-missing"
    assert 'scope="inventory:read"' in answer.headers["WWW-Authenticate"]


async def test_some_endpoints_need_only_a_proven_caller(client: httpx.AsyncClient, key: SigningKey) -> None:
    assert (await client.get("/me", headers=bearing(issue_token(key, subject="anna")))).json() == "anna"


def test_a_misspelt_scope_fails_on_import() -> None:
    with pytest.raises(ValueError, match="unknown scope"):
        require("inventory:raed")

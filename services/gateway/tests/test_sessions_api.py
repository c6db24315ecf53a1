import asyncio
from pathlib import Path

import pytest

from humidor_common.auth import SigningKey, issue_token, rotate_signing_keys
from humidor_common.db.transaction import transaction
from humidor_gateway.sessions.attempts import prune

from .conftest import PASSWORD, MakeUser, Running, Start


async def log_in(running: Running, username: str = "anna", password: str = PASSWORD) -> dict[str, str]:
    answer = await running.client.post("/v1/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_log_in_gives_a_token_that_services_accept(running: Running, make_user: MakeUser) -> None:
    await make_user("anna", ("manager",), stores=["S0001"])
    tokens = await log_in(running, "Anna")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = (await running.client.get("/v1/me", headers=bearer)).json()
    assert (me["subject"], me["roles"], me["stores"]) == ("anna", ["manager"], ["S0001"])
    assert "inventory:write" in me["scopes"]


async def test_tokens_are_not_to_be_cached(running: Running, make_user: MakeUser) -> None:
    await make_user()
    answer = await running.client.post("/v1/login", json={"username": "anna", "password": PASSWORD})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] <= 900


async def test_a_wrong_password_and_an_unknown_user_look_the_same(
    running: Running, make_user: MakeUser
) -> None:
    await make_user()
    answers = [
        await running.client.post("/v1/login", json={"username": username, "password": "wrong"})
        for username in ("anna", "nobody")
    ]
    first, second = ({**answer.json(), "trace_id": ""} for answer in answers)
    assert first == second
    assert answers[0].status_code == answers[1].status_code == 401


async def test_unknown_users_cost_a_password_check_too(running: Running) -> None:
    from humidor_gateway.users.passwords import Passwords

    passwords = running.runtime.get(Passwords)
    checked: list[str] = []
    original = passwords._run

    async def counting(work, *arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
        checked.append(work.__name__)
        return await original(work, *arguments)

    passwords._run = counting  # type: ignore[method-assign]
    await running.client.post("/v1/login", json={"username": "nobody", "password": "x"})
    assert checked == ["_verify"]


async def test_a_one_time_password_must_be_replaced(running: Running) -> None:
    new = {"username": "anna", "roles": ["clerk"]}
    made = (await running.client.post("/v1/users", json=new, headers=running.admin)).json()
    login = {"username": "anna", "password": made["one_time_password"]}
    refused = await running.client.post("/v1/login", json=login)
    assert (refused.status_code, refused.json()["code"]) == (403, "password-change-required")
    accepted = await running.client.post("/v1/login", json={**login, "new_password": PASSWORD})
    assert accepted.status_code == 200
    again = await running.client.post("/v1/login", json=login)
    assert again.status_code == 401
    await log_in(running)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "anna12345678", "x" * 257])
async def test_weak_passwords_are_refused_by_field(
    running: Running, make_user: MakeUser, password: str
) -> None:
    await make_user()
    login = {"username": "anna", "password": PASSWORD, "new_password": password}
    answer = await running.client.post("/v1/login", json=login)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["new_password"]
    await log_in(running)


async def test_a_user_changes_the_password_and_old_sessions_end(
    running: Running, make_user: MakeUser
) -> None:
    await make_user()
    tokens = await log_in(running)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    change = {"password": PASSWORD, "new_password": "another long password"}
    assert (await running.client.post("/v1/password", json=change, headers=bearer)).status_code == 204
    refreshed = await running.client.post("/v1/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 401
    await log_in(running, password="another long password")


async def test_a_refresh_token_is_good_for_one_use(running: Running, make_user: MakeUser) -> None:
    await make_user()
    first = await log_in(running)
    second = await running.client.post("/v1/refresh", json={"refresh_token": first["refresh_token"]})
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]


async def test_a_refresh_token_used_twice_ends_the_session(running: Running, make_user: MakeUser) -> None:
    await make_user()
    first = await log_in(running)
    second = (await running.client.post("/v1/refresh", json={"refresh_token": first["refresh_token"]})).json()
    for token in (first["refresh_token"], second["refresh_token"]):
        answer = await running.client.post("/v1/refresh", json={"refresh_token": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "session-ended")
    reason = await running.fetch("SELECT end_reason FROM sessions ORDER BY created_at DESC LIMIT 1")
    assert reason == "refresh-token-reused"


async def test_of_two_refreshes_at_once_only_one_wins(running: Running, make_user: MakeUser) -> None:
    await make_user()
    token = {"refresh_token": (await log_in(running))["refresh_token"]}
    answers = await asyncio.gather(*(running.client.post("/v1/refresh", json=token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_log_out_ends_the_session(running: Running, make_user: MakeUser) -> None:
    await make_user()
    tokens, other = await log_in(running), await log_in(running)
    token = {"refresh_token": tokens["refresh_token"]}
    assert (await running.client.post("/v1/logout", json=token)).status_code == 204
    assert (await running.client.post("/v1/refresh", json=token)).status_code == 401
    kept = await running.client.post("/v1/refresh", json={"refresh_token": other["refresh_token"]})
    assert kept.status_code == 200
    everywhere = {"refresh_token": kept.json()["refresh_token"], "everywhere": True}
    third = await log_in(running)
    assert (await running.client.post("/v1/logout", json=everywhere)).status_code == 204
    ended = await running.client.post("/v1/refresh", json={"refresh_token": third["refresh_token"]})
    assert ended.status_code == 401


async def test_a_session_ends_at_its_time(running: Running, make_user: MakeUser) -> None:
    await make_user()
    tokens = await log_in(running)
    await running.runtime.pool.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    answer = await running.client.post("/v1/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 401


async def test_failures_lock_the_user_for_a_while_even_with_the_right_password(
    running: Running, make_user: MakeUser
) -> None:
    await make_user()
    wrong = {"username": "anna", "password": "wrong"}
    statuses = [(await running.client.post("/v1/login", json=wrong)).status_code for _ in range(7)]
    assert statuses == [401] * 6 + [429]
    locked = await running.client.post("/v1/login", json={"username": "anna", "password": PASSWORD})
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) >= 1
    await running.runtime.pool.execute("UPDATE attempts SET blocked_until = now() - interval '1 second'")
    await log_in(running)
    assert await running.fetch("SELECT count(*) FROM attempts WHERE key = 'user:anna'") == 0


async def test_guesses_in_parallel_do_not_outrun_the_counter(running: Running, make_user: MakeUser) -> None:
    await make_user()
    wrong = {"username": "anna", "password": "wrong"}
    answers = await asyncio.gather(*(running.client.post("/v1/login", json=wrong) for _ in range(20)))
    assert sum(answer.status_code == 401 for answer in answers) <= 6


async def test_an_address_that_tries_many_names_is_slowed_down(running: Running) -> None:
    statuses = []
    for number in range(33):
        login = {"username": f"user{number}", "password": "wrong"}
        statuses.append((await running.client.post("/v1/login", json=login)).status_code)
    assert statuses[:31] == [401] * 31
    assert 429 in statuses[31:]


async def test_published_keys_follow_a_rotation(running: Running, key_file: Path) -> None:
    old = {key["kid"] for key in (await running.client.get("/.well-known/jwks.json")).json()["keys"]}
    rotate_signing_keys(key_file)
    keys = (await running.client.get("/.well-known/jwks.json")).json()["keys"]
    assert old < {key["kid"] for key in keys}
    assert all("d" not in key for key in keys)


async def test_the_key_is_made_on_the_first_start(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "fresh" / "key.json"
    running = await start(signing_key=path, jwks="")
    assert path.exists()
    assert (await running.client.get("/.well-known/jwks.json")).json()["keys"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "anna"},
        {"username": "a\x00b", "password": "x"},
        {"username": "a" * 65, "password": "x"},
        {"username": "anna", "password": "x\x00"},
        {"username": ["anna"], "password": "x"},
        {"username": "anna", "password": "x", "admin": True},
    ],
)
async def test_a_log_in_that_cannot_be_read_is_422(running: Running, body: dict[str, object]) -> None:
    answer = await running.client.post("/v1/login", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_systems_have_no_password_to_change(running: Running, signing_key: SigningKey) -> None:

    bearer = {"Authorization": f"Bearer {issue_token(signing_key, subject='erp', kind='system')}"}
    change = {"password": PASSWORD, "new_password": "another long password"}
    assert (await running.client.post("/v1/password", json=change, headers=bearer)).status_code == 403


async def test_what_no_longer_counts_is_pruned(running: Running, make_user: MakeUser) -> None:
    await make_user()
    await running.client.post("/v1/login", json={"username": "anna", "password": "wrong"})
    await log_in(running)
    pool = running.runtime.pool
    await pool.execute("UPDATE attempts SET last_at = now() - interval '2 hours'")
    await pool.execute("UPDATE sessions SET expires_at = now() - interval '31 days'")
    async with transaction(pool) as conn:
        await prune(conn)
    for table in ("attempts", "sessions", "refresh_tokens"):
        assert await running.fetch(f"SELECT count(*) FROM {table}") == 0  # noqa: S608

from typing import Any

import pytest

from .conftest import PASSWORD, Auth, MakeUser, Running, Start

NEW = {"username": "li.na", "display_name": "李娜", "roles": ["manager"], "stores": ["S0001"]}


async def create(running: Running, **changes: Any) -> Any:
    return await running.client.post("/v1/users", json={**NEW, **changes}, headers=running.admin)


async def change(
    running: Running, username: str, headers: dict[str, str] | None = None, **changes: Any
) -> Any:
    headers = running.admin | (headers or {})
    return await running.client.patch(f"/v1/users/{username}", json=changes, headers=headers)


async def test_an_administrator_makes_a_user_with_a_one_time_password(running: Running) -> None:
    answer = await create(running)
    assert answer.status_code == 201
    assert len(answer.json()["one_time_password"]) >= 20
    user = (await running.client.get("/v1/users/li.na", headers=running.admin)).json()
    assert (user["display_name"], user["roles"], user["stores"]) == ("李娜", ["manager"], ["S0001"])
    assert "password" not in str(user).replace("must_change_password", "")


async def test_a_name_is_given_once(running: Running) -> None:
    await create(running)
    answer = await create(running)
    assert (answer.status_code, answer.json()["code"]) == (409, "username-taken")


@pytest.mark.parametrize("role", ["manager", "analyst", "quality", "clerk", "auditor"])
async def test_only_administrators_make_users(running: Running, auth: Auth, role: str) -> None:
    answer = await running.client.post("/v1/users", json=NEW, headers=auth(role))
    assert answer.status_code == 403
    assert (await running.client.post("/v1/users", json=NEW)).status_code == 401


async def test_auditors_see_users_and_the_trail_and_clerks_do_not(running: Running, auth: Auth) -> None:
    for path in ("/v1/users", "/v1/audit", "/v1/clients"):
        assert (await running.client.get(path, headers=auth("auditor"))).status_code == 200
        assert (await running.client.get(path, headers=auth("clerk"))).status_code == 403


async def test_who_is_bound_to_stores_sees_the_users_of_these_alone(running: Running, auth: Auth) -> None:
    await create(running)
    await create(running, username="other", stores=["S0001", "S0002"])
    await create(running, username="chief", stores=None)
    await create(running, username="own", roles=["admin"], stores=["S0001"])
    bound = auth("admin", stores=["S0001"], subject="own")
    listed = (await running.client.get("/v1/users", headers=bound)).json()["items"]
    assert [user["username"] for user in listed] == ["li.na", "own"]
    for username, status in (("li.na", 200), ("other", 404), ("chief", 404)):
        answer = await running.client.get(f"/v1/users/{username}", headers=bound)
        assert answer.status_code == status, username
    trail = (await running.client.get("/v1/audit", headers=bound)).json()["items"]
    assert {entry["entity_id"] for entry in trail} == {"li.na", "own"}


async def test_nobody_hands_out_stores_they_do_not_have(running: Running, auth: Auth) -> None:
    bound = auth("admin", stores=["S0001"])
    for stores, status in ((["S0001"], 201), (["S0002"], 403), (None, 403)):
        new = {**NEW, "username": f"u{status}", "stores": stores}
        assert (await running.client.post("/v1/users", json=new, headers=bound)).status_code == status
    await create(running, username="chief", stores=None)
    answers = [
        await running.client.post("/v1/users/chief:reset-password", headers=bound),
        await running.client.patch("/v1/users/chief", json={}, headers=bound),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (403, "grant-too-wide")
    ] * 2


async def test_a_disabled_user_is_out_at_once(running: Running, make_user: MakeUser) -> None:
    await make_user()
    login = {"username": "anna", "password": PASSWORD}
    tokens = (await running.client.post("/v1/login", json=login)).json()
    assert (await change(running, "anna", state="disabled", reason="left")).status_code == 200
    refresh = {"refresh_token": tokens["refresh_token"]}
    assert (await running.client.post("/v1/refresh", json=refresh)).status_code == 401
    assert (await running.client.post("/v1/login", json=login)).status_code == 401
    await change(running, "anna", state="active")
    assert (await running.client.post("/v1/login", json=login)).status_code == 200


async def test_new_rights_need_a_new_log_in(running: Running, make_user: MakeUser) -> None:
    await make_user()
    login = {"username": "anna", "password": PASSWORD}
    tokens = (await running.client.post("/v1/login", json=login)).json()
    await change(running, "anna", display_name="Anna")
    kept = await running.client.post("/v1/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert kept.status_code == 200
    await change(running, "anna", roles=["auditor"])
    ended = await running.client.post("/v1/refresh", json={"refresh_token": kept.json()["refresh_token"]})
    assert ended.status_code == 401


async def test_a_reset_gives_a_new_one_time_password_and_lifts_the_lock(
    running: Running, make_user: MakeUser
) -> None:
    await make_user()
    for _ in range(8):
        await running.client.post("/v1/login", json={"username": "anna", "password": "wrong"})
    reset = await running.client.post("/v1/users/anna:reset-password", headers=running.admin)
    login = {"username": "anna", "password": reset.json()["one_time_password"]}
    assert (await running.client.post("/v1/login", json=login)).json()["code"] == "password-change-required"
    login["new_password"] = "a third long password"
    assert (await running.client.post("/v1/login", json=login)).status_code == 200


async def test_the_last_administrator_stays(running: Running) -> None:
    await create(running, username="one", roles=["admin"], stores=None)
    await create(running, username="bound", roles=["admin"], stores=["S0001"])
    for changes in ({"state": "disabled"}, {"roles": ["clerk"]}, {"stores": ["S0001"]}):
        answer = await change(running, "one", **changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")
    await create(running, username="two", roles=["admin"], stores=None)
    assert (await change(running, "one", state="disabled")).status_code == 200


async def test_a_change_over_someone_elses_is_refused(running: Running) -> None:
    await create(running)
    etag = (await running.client.get("/v1/users/li.na", headers=running.admin)).headers["ETag"]
    first = await change(running, "li.na", {"If-Match": etag}, display_name="A")
    assert first.status_code == 200
    assert first.headers["ETag"] != etag
    answer = await change(running, "li.na", {"If-Match": etag}, display_name="B")
    assert (answer.status_code, answer.json()["code"]) == (412, "changed-meanwhile")


async def test_stores_can_be_set_and_lifted(running: Running) -> None:
    await create(running)
    assert (await change(running, "li.na", stores=["S0002"])).json()["stores"] == ["S0002"]
    assert (await change(running, "li.na", all_stores=True)).json()["stores"] is None


async def test_every_change_is_in_the_trail_without_secrets(running: Running) -> None:
    password = (await create(running)).json()["one_time_password"]
    await change(running, "li.na", roles=["clerk"], reason="moved")
    await running.client.post("/v1/users/li.na:reset-password", headers=running.admin)
    answer = await running.client.get("/v1/audit?entity_id=li.na", headers=running.admin)
    entries = answer.json()["items"]
    assert [entry["action"] for entry in entries] == ["reset-password", "change", "create"]
    assert entries[1]["before"]["roles"] == ["manager"]
    assert entries[1]["after"]["roles"] == ["clerk"]
    assert (entries[1]["reason"], entries[1]["actor"]) == ("moved", "tester")
    assert password not in answer.text
    assert "argon2" not in answer.text


async def test_users_and_the_trail_come_in_pages(running: Running) -> None:
    for number in range(5):
        await create(running, username=f"u{number}")
    for path, key in (("/v1/users", "username"), ("/v1/audit", "id")):
        seen, cursor = [], ""
        while cursor is not None:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await running.client.get(path, params=params, headers=running.admin)).json()
            seen += [item[key] for item in page["items"]]
            cursor = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "Ü"}, "username"),
        ({"username": "a" * 65}, "username"),
        ({"username": "../x"}, "username"),
        ({"display_name": "a\x00"}, "display_name"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"roles": []}, "roles"),
        ({"roles": ["clerk", "clerk"]}, "roles"),
        ({"roles": ["root"]}, "roles[0]"),
        ({"stores": ["S 1"]}, "stores[0]"),
        ({"stores": "S0001"}, "stores"),
        ({"password": "mine"}, "password"),
    ],
)
async def test_bad_users_are_refused_by_field(running: Running, changes: dict[str, Any], field: str) -> None:
    answer = await create(running, **changes)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await running.fetch("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "WyJhIl0", "W10", "WzFd" * 50, "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMF0"]
)
async def test_a_made_up_cursor_is_422(running: Running, cursor: str) -> None:
    answer = await running.client.get(f"/v1/audit?cursor={cursor}", headers=running.admin)
    assert answer.status_code == 422


async def test_the_first_administrator_is_made_once(start: Start) -> None:
    import asyncio

    from humidor_gateway.bootstrap import make_first_admin

    running = await start()
    made = await asyncio.gather(*(make_first_admin(running.settings.pg_dsn) for _ in range(3)))
    (first,) = [entry for entry in made if "password" in entry]
    assert [entry for entry in made if entry is not first] == [{"already_exists": True}] * 2
    login = {"username": first["username"], "password": first["password"], "new_password": PASSWORD}
    tokens = await running.client.post("/v1/login", json=login)
    bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    assert (await running.client.get("/v1/users", headers=bearer)).status_code == 200

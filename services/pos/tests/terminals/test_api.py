import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import running
from humidor_pos.app import SERVICE
from humidor_pos.terminals.directory import MAX_AGE_SECONDS, Terminals

Make = Callable[..., Any]


async def test_a_key_is_shown_once_and_kept_as_a_hash(pos: Any) -> None:
    till = await pos.till()
    assert till.key.startswith(f"hmt_{till.terminal_id}_")
    (row,) = await pos.fetch("SELECT key_hash, state FROM terminals")
    assert (len(row["key_hash"]), row["state"]) == (32, "active")
    shown = await pos.get(f"/v1/terminals/{till.terminal_id}")
    assert "key" not in shown
    trail = await pos.value("SELECT string_agg(after::text, '') FROM audit_trail")
    assert till.key not in trail


async def test_only_the_right_key_opens(pos: Any, till: Any, a_sale: Make) -> None:
    stored = await pos.stored()
    wrong = [None, "", "Basic abc", "Bearer ", "Bearer x", f"Bearer {till.key}x", f"Bearer {till.key[:-1]}",
             "Bearer hmt_none_secret", "Bearer hmt__", f"Bearer hmt_{till.terminal_id}_", "Bearer hmt_ä_ö",
             pos.auth()["Authorization"]]  # fmt: skip
    for value in wrong:
        headers = {} if value is None else {"Authorization": value.encode("latin-1")}
        answer = await pos.client.post("/v1/sales", json=a_sale(), headers=headers)
        assert answer.status_code == 401, value
        assert "WWW-Authenticate" in answer.headers
    assert await pos.stored() == stored


async def test_a_terminal_speaks_for_its_own_store_only(pos: Any, a_sale: Make) -> None:
    till = await pos.till("S0002")
    answer = await till.post("/v1/sales", a_sale(store_id="S0001"))
    assert (answer.status_code, answer.json()["code"]) == (403, "store-forbidden")


async def test_a_revoked_key_is_refused_at_once(pos: Any, till: Any, a_sale: Make) -> None:
    assert (await till.post("/v1/sales", a_sale())).status_code == 201
    revoked = await pos.client.post(f"/v1/terminals/{till.terminal_id}:revoke", headers=pos.auth())
    assert revoked.json()["state"] == "revoked"
    assert (await till.post("/v1/sales", a_sale())).status_code == 401
    again = await pos.client.post(f"/v1/terminals/{till.terminal_id}:revoke", headers=pos.auth())
    assert again.status_code == 200
    assert await pos.value("SELECT count(*) FROM audit_trail WHERE action = 'revoke'") == 1


async def test_a_key_revoked_while_it_streams_ends_the_stream(pos: Any, till: Any, a_sale: Make) -> None:
    async def sales() -> AsyncIterator[bytes]:
        yield msgspec.json.encode(a_sale()) + b"\n"
        await pos.client.post(f"/v1/terminals/{till.terminal_id}:revoke", headers=pos.auth())
        yield msgspec.json.encode(a_sale()) + b"\n"

    headers = till.headers | {"Content-Type": "application/x-ndjson"}
    answer = await pos.client.post("/v1/sales:stream", content=sales(), headers=headers)
    accepted, ended = [json.loads(line) for line in answer.text.splitlines()]
    assert (accepted["status"], ended["problem"]["status"]) == ("accepted", 401)
    assert await pos.value("SELECT count(*) FROM sales") == 1


async def test_another_process_refuses_a_revoked_key_soon(
    pos: Any, till: Any, a_sale: Make, settings: ServiceSettings
) -> None:
    async with running(SERVICE, settings) as other:
        headers = till.headers
        assert (await other.client.post("/v1/sales", json=a_sale(), headers=headers)).status_code == 201
        await pos.client.post(f"/v1/terminals/{till.terminal_id}:revoke", headers=pos.auth())
        assert MAX_AGE_SECONDS <= 1
        other.runtime.get(Terminals).expire()
        assert (await other.client.post("/v1/sales", json=a_sale(), headers=headers)).status_code == 401


async def test_a_rotated_key_takes_the_place_of_the_old_one(pos: Any, till: Any, a_sale: Make) -> None:
    await till.post("/v1/sales", a_sale())
    rotated = await pos.client.post(f"/v1/terminals/{till.terminal_id}:rotate", headers=pos.auth())
    assert (await till.post("/v1/sales", a_sale())).status_code == 401
    till.key = rotated.json()["key"]
    assert (await till.post("/v1/sales", a_sale())).status_code == 201


async def test_a_terminal_that_asks_too_often_is_told_to_wait(
    auth: Make, settings: ServiceSettings, a_sale: Make
) -> None:
    tight = settings.model_copy(
        update={"pos_terminal_burst_requests": 3.0, "pos_terminal_requests_per_second": 0.01}
    )
    async with running(SERVICE, tight) as process:
        made = await process.client.post("/v1/terminals", json={"store_id": "S0001"}, headers=auth())
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        answers = [await process.client.post("/v1/sales", json=a_sale(), headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[3].headers["Retry-After"]) >= 1


async def test_terminals_are_for_operators_with_the_scope_and_the_store(pos: Any) -> None:
    new = {"store_id": "S0001"}
    clerk = await pos.client.post("/v1/terminals", json=new, headers=pos.auth("clerk"))
    elsewhere = await pos.client.post("/v1/terminals", json=new, headers=pos.auth("admin", stores=["S0002"]))
    assert (clerk.status_code, elsewhere.status_code) == (403, 403)
    for store in ("S0001", "S0001", "S0002"):
        await pos.till(store)
    page = await pos.get("/v1/terminals", store_id="S0001", limit=1)
    rest = await pos.get("/v1/terminals", store_id="S0001", cursor=page["next_cursor"])
    assert [item["store_id"] for item in page["items"] + rest["items"]] == ["S0001", "S0001"]
    assert rest["next_cursor"] is None
    restricted = await pos.client.get("/v1/terminals", headers=pos.auth("manager", stores=["S0002"]))
    assert [item["store_id"] for item in restricted.json()["items"]] == ["S0002"]


async def test_it_is_kept_when_a_terminal_was_last_heard_of(pos: Any, till: Any, a_sale: Make) -> None:
    await till.post("/v1/sales", a_sale())
    async with pos.runtime.pool.acquire() as conn:
        await pos.runtime.get(Terminals).write_seen(conn)
    assert (await pos.get(f"/v1/terminals/{till.terminal_id}"))["last_seen_at"] is not None

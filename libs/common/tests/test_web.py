"""What every service answers: problems, transactions, idempotency, limits."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from humidor_demo.service import SERVICE

from humidor_common import runtime
from humidor_common.db.pool import Pool, create_pool
from humidor_common.settings import ServiceSettings
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import Running, running

Auth = Callable[..., dict[str, str]]


@pytest.fixture
async def demo(settings_for: SettingsFor) -> AsyncIterator[Running]:
    async with running(SERVICE, settings_for(SERVICE, bus=False, body_limit_bytes=1000)) as process:
        yield process


async def count(demo: Running) -> int:
    stored: int = await demo.runtime.pool.fetchval("SELECT count(*) FROM notes")
    return stored


async def test_a_failed_commit_is_never_a_201(demo: Running, auth: Auth) -> None:
    assert (await demo.client.post("/v1/notes", json={"note": "a"}, headers=auth())).status_code == 201
    # The unique constraint is deferred: the statement passes and only the commit fails.
    repeated = await demo.client.post("/v1/notes", json={"note": "a"}, headers=auth())
    assert repeated.status_code == 500
    assert await count(demo) == 1


async def test_a_fault_is_a_problem_with_its_trace_id(demo: Running) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await demo.client.get(
        "/v1/broken", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    )
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == trace_id
    assert "a fault of ours" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b'{"note": 1}', 422, "note"),
        (b"{}", 422, "note"),
        (b'{"note": "a', 400, None),
        (b"[" * 900, 400, None),
        (b'{"note": "' + b"a" * 1000 + b'"}', 413, None),
        (b'{"note": "a\\u0000b"}', 422, None),
        (b"\xff\xfe", 400, None),
    ],
)
async def test_bad_bodies_are_problems_naming_the_field(
    demo: Running, auth: Auth, body: bytes, status: int, field: str | None
) -> None:
    headers = auth() | {"content-type": "application/json"}
    answer = await demo.client.post("/v1/notes", content=body, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    if field:
        assert [error["field"] for error in problem["errors"]] == [field]
    assert await count(demo) == 0


async def test_a_body_of_undeclared_length_stops_at_the_limit(demo: Running, auth: Auth) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    answer = await demo.client.post("/v1/notes", content=endless(), headers=auth())
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_name_that_ends_like_a_stream_lifts_no_limit(demo: Running) -> None:
    answer = await demo.client.put("/v1/notes/a:stream", content=b" " * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_repeated_idempotency_key_gets_the_first_answer(demo: Running, auth: Auth) -> None:
    headers = auth() | {"Idempotency-Key": "k1"}
    first, second = await asyncio.gather(
        *[demo.client.post("/v1/notes", json={"note": "a"}, headers=headers) for _ in range(2)]
    )
    assert (first.status_code, second.status_code, first.content) == (201, 201, second.content)
    assert await count(demo) == 1
    other = await demo.client.post("/v1/notes", json={"note": "b"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    someone = auth(subject="someone-else") | {"Idempotency-Key": "k1"}
    assert (await demo.client.post("/v1/notes", json={"note": "b"}, headers=someone)).status_code == 201


async def test_who_calls_is_checked(demo: Running, auth: Auth) -> None:
    anonymous = await demo.client.get("/v1/notes")
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, 'Bearer realm="humidor"')
    assert (await demo.client.get("/v1/notes", headers=auth("clerk"))).status_code == 200


async def test_unknown_paths_and_methods_are_problems(demo: Running) -> None:
    assert (await demo.client.get("/nowhere")).json()["code"] == "not-found"
    assert (await demo.client.delete("/v1/notes")).json()["code"] == "method-not-allowed"


async def test_a_lost_database_is_a_503_with_retry_after(demo: Running, auth: Auth) -> None:
    await demo.runtime.pool.close()
    answer = await demo.client.post("/v1/notes", json={"note": "a"}, headers=auth())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (await demo.client.get("/readyz")).status_code == 503
    assert (await demo.client.get("/healthz")).status_code == 200


async def test_a_database_that_takes_no_writes_is_a_503(demo: Running, auth: Auth) -> None:
    pool = demo.runtime.pool
    name = await pool.fetchval("SELECT current_database()")
    await pool.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await pool.expire_connections()
    answer = await demo.client.post("/v1/notes", json={"note": "a"}, headers=auth())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_metrics_name_the_route_and_not_the_path(demo: Running) -> None:
    await demo.client.get("/v1/dead-letters/00000000-0000-0000-0000-000000000000")
    text = (await demo.client.get("/metrics")).text
    assert 'route="/v1/dead-letters/{dead_letter_id}"' in text
    assert "00000000-0000" not in text


async def test_the_audit_trail_is_append_only(demo: Running) -> None:
    pool = demo.runtime.pool
    await pool.execute(
        "INSERT INTO audit_trail (actor, actor_kind, action, entity, entity_id) "
        "VALUES ('a', 'user', 'b', 'c', 'd')"
    )
    for change in ("UPDATE audit_trail SET actor = 'x'", "DELETE FROM audit_trail", "TRUNCATE audit_trail"):
        with pytest.raises(Exception, match="append-only"):
            await pool.execute(change)


async def test_a_database_that_is_still_starting_is_waited_for(
    settings_for: SettingsFor, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ConnectionRefusedError(), asyncpg.CannotConnectNowError("the database system is starting up")]

    async def open_once_up(settings: ServiceSettings, *, name: str) -> Pool:
        if faults:
            raise faults.pop()
        return await create_pool(settings, name=name)

    monkeypatch.setattr(runtime, "create_pool", open_once_up)
    async with running(SERVICE, settings_for(SERVICE, bus=False)) as demo:
        assert (await demo.client.get("/v1/notes", headers=auth("clerk"))).status_code == 200

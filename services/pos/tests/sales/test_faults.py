"""When the database or the input is not as it should be: never a false 201, never a failure of ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import running
from humidor_pos.app import SERVICE
from humidor_pos.sales.stream import LINE_MAX_BYTES, lines_of
from humidor_pos.sales.writer import SaleWriter

Make = Callable[..., Any]
PATHS = ("/v1/sales", "/v1/sales:batch", "/v1/returns", "/v1/voids", "/v1/day-closings")
NAUGHTY = json.loads((Path(__file__).parent / "naughty.json").read_text())["strings"]


async def test_bodies_that_are_not_documents_are_refused(pos: Any, till: Any, a_sale: Make) -> None:
    stored = await pos.stored()
    whole = json.dumps(a_sale()).encode()
    bodies = [b"", b"{", b"null", b"[]", b'"x"', b"1e999", b"\xff\xfe{}", b"[" * 100_000]
    bodies += [whole[:-1], whole[: len(whole) // 2], b'{"sale_id":' * 50_000]
    bodies += [whole.replace(b"CNY", b"\xc3\x28"), whole.replace(b'"lines": [', b'"lines": ' + b"[" * 5000)]
    for path in PATHS:
        for body in bodies:
            answer = await till.send(path, body)
            assert answer.status_code in {400, 422}, (path, body[:40], answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
    assert await pos.stored() == stored


async def test_other_content_types_and_oversized_bodies_are_refused(till: Any, a_sale: Make) -> None:
    whole = json.dumps(a_sale()).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"):
        assert (await till.send("/v1/sales", whole, content_type)).status_code == 415
    assert (await till.send("/v1/sales", whole, "application/json; charset=utf-8")).status_code == 201
    assert (await till.send("/v1/sales", b" " * (8 * 1024 * 1024 + 1))).status_code == 413


async def test_hostile_strings_are_kept_as_they_are_or_refused(pos: Any, till: Any, a_sale: Make) -> None:
    kept = []
    for text in NAUGHTY:
        for field in ("lot", "code"):
            sale = a_sale(lines=1)
            sale["lines"][0][field] = text
            answer = await till.post("/v1/sales", sale)
            assert answer.status_code in {201, 400, 422}, (text, answer.text)
            if answer.status_code == 201:
                kept.append((sale["sale_id"], field, text))
        for changed in ({"member_id": text}, {"currency": text}, {"sale_id": text}, {"store_id": text}):
            answer = await till.post("/v1/sales", a_sale() | changed)
            assert answer.status_code in {201, 400, 403, 422}, (text, answer.text)
    for sale_id, field, text in kept:
        assert await pos.value(f"SELECT {field} FROM sale_lines WHERE sale_id = $1", sale_id) == text  # noqa: S608
    assert len(kept) > len(NAUGHTY) // 2


async def test_hostile_queries_are_answered_without_a_failure(pos: Any) -> None:
    for text in NAUGHTY:
        for params in (
            {"store_id": text},
            {"store_id": "S0001", "cursor": text},
            {"store_id": "S0001", "from": text},
        ):
            answer = await pos.client.get("/v1/sales", params=params, headers=pos.auth())
            assert answer.status_code in {200, 422}, (params, answer.text)


async def test_a_sale_that_cannot_be_stored_spoils_no_other(pos: Any, till: Any, a_sale: Make) -> None:
    await pos.fetch("ALTER TABLE sale_lines ADD CONSTRAINT no_seven CHECK (quantity <> 7)")
    sales = [a_sale(lines=1) for _ in range(30)]
    sales[11]["lines"][0]["quantity"] = 7
    answers = await asyncio.gather(*(till.post("/v1/sales", sale) for sale in sales), return_exceptions=True)
    statuses = [answer.status_code for answer in answers]  # type: ignore[union-attr]
    assert [statuses.index(s) for s in set(statuses) if s != 201] == [11]
    assert await pos.value("SELECT count(*) FROM sales") == 29
    assert await pos.value("SELECT count(*) FROM fact_ids") == 29


async def test_a_full_disk_is_no_201(pos: Any, till: Any, a_sale: Make) -> None:
    await pos.fetch("""
        CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END$$;
    """)
    await pos.fetch("CREATE TRIGGER full_disk BEFORE INSERT ON outbox EXECUTE FUNCTION fill()")
    stored = await pos.stored()
    sale = a_sale()
    answer = await till.post("/v1/sales", sale)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    batch = await till.post("/v1/sales:batch", {"sales": [sale]})
    assert batch.status_code == 503
    stream = await till.send("/v1/sales:stream", json.dumps(sale).encode(), "application/x-ndjson")
    assert json.loads(stream.text)["problem"]["status"] == 503
    assert await pos.stored() == stored
    await pos.fetch("DROP TRIGGER full_disk ON outbox")
    assert (await till.post("/v1/sales", sale)).status_code == 201


async def test_a_database_that_is_gone_is_no_201(
    auth: Make, settings: ServiceSettings, a_sale: Make, postgres: str
) -> None:
    async with running(SERVICE, settings) as process:
        made = await process.client.post("/v1/terminals", json={"store_id": "S0001"}, headers=auth())
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await process.client.post("/v1/sales", json=a_sale(), headers=headers)).status_code == 201
        name = settings.pg_dsn.split("?")[0].rsplit("/", 1)[1]
        admin = await asyncpg.connect(postgres)
        try:
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            sale = a_sale()
            down = await process.client.post("/v1/sales", json=sale, headers=headers)
            assert (down.status_code, "Retry-After" in down.headers) == (503, True)
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        finally:
            await admin.close()
        up = await process.client.post("/v1/sales", json=sale, headers=headers)
        assert up.status_code == 201


async def test_more_than_may_wait_is_told_to_come_again(
    auth: Make, settings: ServiceSettings, a_sale: Make
) -> None:
    async with running(SERVICE, settings.model_copy(update={"pos_waiting_max_sales": 5})) as process:
        made = await process.client.post("/v1/terminals", json={"store_id": "S0001"}, headers=auth())
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        batch = {"sales": [a_sale() for _ in range(6)]}
        answer = await process.client.post("/v1/sales:batch", json=batch, headers=headers)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert process.runtime.get(SaleWriter) is not None
        assert await process.runtime.pool.fetchval("SELECT count(*) FROM sales") == 0


async def feed(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_lines_are_the_same_however_the_stream_is_cut(size: int) -> None:
    whole = b"one\n\ntwo\r\n  \nthree"
    chunks = [whole[start : start + size] for start in range(0, len(whole), size)]
    lines = [line async for several in lines_of(feed(*chunks)) for line in several]
    assert [line.strip() for line in lines if isinstance(line, bytes)] == [b"one", b"two", b"three"]


async def test_a_line_without_end_costs_no_memory_and_no_other_line() -> None:
    long = [b"x" * 70_000 for _ in range(LINE_MAX_BYTES // 70_000 + 2)]
    chunks = [b"first\n", *long, b"xx\nlast\n"]
    lines = [line async for several in lines_of(feed(*chunks)) for line in several]
    assert [line if isinstance(line, bytes) else line.code for line in lines] == [
        b"first",
        "line-too-long",
        b"last",
    ]

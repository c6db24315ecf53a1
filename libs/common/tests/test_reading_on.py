"""The relay's reading on: what was published goes, what is committed meanwhile is seen."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from humidor_demo.service import SERVICE

from humidor_common.db.pool import Connection, prepare_connection
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging import reading_on
from humidor_common.messaging.outbox import append
from humidor_common.testing.plugin import SettingsFor

MakeSale = Callable[..., SaleRecorded]


@pytest.fixture
async def connections(settings_for: SettingsFor) -> AsyncIterator[tuple[Connection, Connection]]:
    settings = settings_for(SERVICE)
    relay, writer = [await asyncpg.connect(settings.pg_dsn) for _ in range(2)]
    await prepare_connection(relay)
    await reading_on.prepare(relay)
    yield relay, writer
    await relay.close()
    await writer.close()


async def read(conn: Connection, published: list[int], *, wait_seconds: float = 0.0) -> list[int]:
    rows = await reading_on.read_on(conn, published, above=0, most=2, wait_seconds=wait_seconds)
    return [row["id"] for row in rows]


async def test_what_was_published_goes_and_the_next_rows_come_in_order(
    connections: tuple[Connection, Connection], make_sale: MakeSale
) -> None:
    relay, writer = connections
    await append(writer, [make_sale() for _ in range(3)])
    first = await read(relay, [])
    (last,) = await read(relay, first)
    assert first == sorted(first)
    assert last > first[-1]
    assert await read(relay, [last]) == []
    assert await writer.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_row_that_commits_while_it_waits_is_given(
    connections: tuple[Connection, Connection], make_sale: MakeSale
) -> None:
    relay, writer = connections
    waiting = asyncio.create_task(read(relay, [], wait_seconds=20.0))
    async with writer.transaction():
        await append(writer, [make_sale()])
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert len(await waiting) == 1

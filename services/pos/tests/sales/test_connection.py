"""A connection to PostgreSQL that ends in the middle of things is never the sale's fault."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import asyncpg

from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import running
from humidor_pos.app import SERVICE


@asynccontextmanager
async def way_that_hides_the_end(dsn: str, directory: Path) -> AsyncIterator[str]:
    """Lead connections through here; what the server says last arrives, but not that it has hung up."""
    address = parse_qs(urlsplit(dsn).query)
    upstream = f"{address['host'][0]}/.s.PGSQL.{address['port'][0]}"
    piping: set[asyncio.Task[None]] = set()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        await asyncio.Event().wait()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(upstream)
        piping.add(asyncio.create_task(pipe(reader, server_writer)))
        piping.add(asyncio.create_task(pipe(server_reader, writer)))

    server = await asyncio.start_unix_server(accept, directory / ".s.PGSQL.5432")
    try:
        yield urlunsplit(urlsplit(dsn)._replace(query=f"host={quote(str(directory))}&port=5432"))
    finally:
        server.close()
        for task in piping:
            task.cancel()
        await asyncio.gather(*piping, return_exceptions=True)


async def test_a_server_that_has_said_farewell_is_no_fault_of_ours(
    auth: Callable[..., dict[str, str]],
    settings: ServiceSettings,
    a_sale: Callable[..., Any],
    postgres: str,
    tmp_path: Path,
) -> None:
    async with way_that_hides_the_end(settings.pg_dsn, tmp_path) as dsn:
        hidden = settings.model_copy(update={"pg_dsn": dsn, "pos_writers": 1})
        async with running(SERVICE, hidden) as process:
            made = await process.client.post("/v1/terminals", json={"store_id": "S0001"}, headers=auth())
            headers = {"Authorization": f"Bearer {made.json()['key']}"}
            assert (await process.client.post("/v1/sales", json=a_sale(), headers=headers)).status_code == 201
            admin = await asyncpg.connect(postgres)
            await admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
                " AND application_name = 'humidor-pos-writer'",
                settings.pg_dsn.split("?")[0].rsplit("/", 1)[1],
            )
            await admin.close()
            await asyncio.sleep(0.05)
            sale = a_sale()
            answer = await process.client.post("/v1/sales", json=sale, headers=headers)
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
            assert (await process.client.post("/v1/sales", json=sale, headers=headers)).status_code == 201

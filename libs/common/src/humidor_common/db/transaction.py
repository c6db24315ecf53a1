"""One request, one transaction, committed before the answer is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from humidor_common.db.pool import Connection, Pool


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Take a connection and a transaction; commit on leaving, roll back on an exception."""
    async with pool.acquire() as conn, conn.transaction():
        yield conn


async def _request_transaction(request: Request) -> AsyncIterator[Connection]:
    runtime = request.app.state.runtime
    async with transaction(runtime.pool) as conn:
        yield conn
    runtime.wake_relay()


async def _request_connection(request: Request) -> AsyncIterator[Connection]:
    async with request.app.state.runtime.pool.acquire() as conn:
        yield conn


# The scope matters: with FastAPI's default one the commit would come after the answer,
# and a failed commit would already have been told to the caller as a success.
Tx = Annotated[Connection, Depends(_request_transaction, scope="function")]
Read = Annotated[Connection, Depends(_request_connection, scope="function")]

"""One request, one transaction, committed before the answer is sent."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated

from fastapi import Depends, Request

from humidor_common.db.pool import Connection, Pool

Call = Callable[[], None]
_after_commit: ContextVar[list[Call] | None] = ContextVar("after_commit", default=None)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Take a connection and a transaction; commit on leaving, roll back on an exception."""
    calls: list[Call] = []
    outer = _after_commit.get()
    async with pool.acquire() as conn, conn.transaction():
        _after_commit.set(calls)
        try:
            yield conn
        finally:
            _after_commit.set(outer)
    for call in calls:
        call()


def on_commit(call: Call) -> None:
    """Have `call` (short, never failing) made once this task's `transaction` is committed, if it ever is."""
    calls = _after_commit.get()
    if calls is not None:
        calls.append(call)


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

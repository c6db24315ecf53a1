"""Directories kept in memory and brought up to date from the database when they are used.

Each follows one row of `revisions`: whoever changes a row of the directory takes that row's lock and stamps
the change with the new number, so numbers become visible in order and nothing between two reads is missed.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.problems import unavailable


async def next_revision(conn: Connection, name: str) -> int:
    """Take the directory's lock and its next number, for the changes of this transaction."""
    revision: int = await conn.fetchval(
        "UPDATE revisions SET revision = revision + 1 WHERE name = $1 RETURNING revision", name
    )
    return revision


class Directory(ABC):
    """What is never older than `max_age_seconds` when it is used; one reader asks for all that wait."""

    def __init__(
        self, pool: Pool, *, max_age_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._fresh_until = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self.revision = 0

    def is_fresh(self) -> bool:
        return self._monotonic() < self._fresh_until

    def expire(self) -> None:
        """Make the next use read again, after a change in this process."""
        self._fresh_until = float("-inf")

    async def freshen(self) -> None:
        """Read the changes since the last time.

        Raises:
            Problem: 503 when the database does not answer.
        """
        while not self.is_fresh():
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read_once())
            try:
                await asyncio.shield(self._reading)
            except DATABASE_ERRORS as error:
                raise unavailable("The database does not answer.") from error

    async def _read_once(self) -> None:
        asked_at = self._monotonic()
        async with self._pool.acquire(timeout=5) as conn:
            await self.read_changes(conn)
        self._fresh_until = asked_at + self._max_age_seconds

    @abstractmethod
    async def read_changes(self, conn: Connection) -> None:
        """Take over every change above `self.revision`, and raise that."""

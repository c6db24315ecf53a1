"""Tells every process of the service which stores' stock has changed, a little after the commit.

Never inside the transaction: a NOTIFY there takes a lock of the whole cluster until the commit is done. What
is lost in between (a crash, a full queue) the readers find by looking again every few seconds.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.ending import end
from humidor_inventory.stock.changes import listen, unlisten

CHANNEL = "stock"
EVERY_STORE = "*"
AT_MOST_EVERY_SECONDS = 0.05
MAX_PAYLOAD_BYTES = 7000

_NOTIFY = "SELECT pg_notify($1, $2), set_config('synchronous_commit', 'off', true)"


class Announcer:
    """Gathers what this process has changed, and tells it in one notification after the other."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._pending: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def hear(self, store_ids: Collection[str]) -> None:
        """Note stores whose change is committed; never blocks and never fails."""
        self._pending.update(store_ids)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        if self._task is not None:
            await end([self._task])

    async def _tell(self) -> None:
        while self._pending:
            stores, self._pending = self._pending, set()
            payload = ",".join(sorted(stores))
            if len(payload.encode()) > MAX_PAYLOAD_BYTES:
                payload = EVERY_STORE
            with suppress(*DATABASE_ERRORS):
                async with self._pool.acquire(timeout=5) as conn:
                    await conn.execute(_NOTIFY, CHANNEL, payload)
            await asyncio.sleep(AT_MOST_EVERY_SECONDS)


@asynccontextmanager
async def announcing(pool: Pool) -> AsyncIterator[None]:
    """Announce what this process changes for as long as the block lasts."""
    announcer = Announcer(pool)
    listen(announcer.hear)
    try:
        yield
    finally:
        unlisten(announcer.hear)
        await announcer.stop()

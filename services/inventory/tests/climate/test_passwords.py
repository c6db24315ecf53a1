"""The broker's password file is kept whatever the database does."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from humidor_inventory.sensors import passwords
from humidor_inventory.settings import InventorySettings

from .conftest import Watched


class Farewell:
    """A pool whose first answer is that an idle connection heard the server's farewell."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.asked = 0

    async def fetchval(self, *asked: Any) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise asyncpg.InternalClientError("got result for unknown protocol state 0")
        return await self._pool.fetchval(*asked)

    async def fetch(self, *asked: Any) -> Any:
        return await self._pool.fetch(*asked)


async def test_a_connection_that_ended_while_idle_does_not_end_the_keeping(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "EVERY_SECONDS", 0.01)
    path = tmp_path / "passwords"
    known = watched.shop.runtime.settings.model_dump() | {"inventory_mqtt_password_file": str(path)}
    pool: Any = Farewell(watched.shop.runtime.pool)
    keeping = asyncio.create_task(passwords.keep_password_file(pool, InventorySettings.model_validate(known)))
    async with asyncio.timeout(10):
        while not path.exists() and not keeping.done():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert path.read_text().startswith("t1:")

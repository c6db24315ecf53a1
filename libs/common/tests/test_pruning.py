"""What is too old to matter is forgotten."""

import asyncpg
import pytest

from humidor_common.messaging import inbox
from humidor_common.runtime import prune
from humidor_common.testing.plugin import MakeDatabase


async def test_old_ids_are_forgotten_piece_by_piece(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PRUNE_ROWS", 10)
    async with asyncpg.create_pool(make_database("humidor_demo"), min_size=1, max_size=1) as pool:
        await pool.execute(
            "INSERT INTO inbox SELECT 'group', gen_random_uuid(), now() - make_interval(days => n * 5 + 1) "
            "FROM generate_series(0, 99) n"
        )
        await prune(pool)
        assert await pool.fetchval("SELECT count(*) FROM inbox") == 18

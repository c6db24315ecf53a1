"""Writes that go together are one statement, each with its own parameters."""

from humidor_demo.service import SERVICE

from humidor_common.db.pool import create_pool
from humidor_common.db.together import Write, write_together
from humidor_common.testing.plugin import SettingsFor

FIRST = Write((("first", "INSERT INTO a SELECT $1, $2"),), (1, "one"))
SECOND = Write(
    (
        ("rows", "SELECT n, $2 AS body FROM unnest($1::int[]) n"),
        ("second", "INSERT INTO b SELECT * FROM rows"),
        ("third", "INSERT INTO c SELECT body FROM rows WHERE n = $3"),
    ),
    ([2, 3], "both", 3),
)


async def test_each_write_keeps_its_own_parameters_whatever_it_goes_with(settings_for: SettingsFor) -> None:
    settings = settings_for(SERVICE, bus=False, pg_pool_size=1)
    async with await create_pool(settings, name="test") as pool, pool.acquire() as conn:
        await conn.execute(
            "CREATE TEMP TABLE a (n int, body text); CREATE TEMP TABLE b (n int, body text);"
            "CREATE TEMP TABLE c (body text)"
        )
        await write_together(conn, [FIRST, SECOND])
        await write_together(conn, [SECOND, FIRST])
        await write_together(conn, [])
        assert [tuple(row) for row in await conn.fetch("SELECT * FROM a")] == [(1, "one")] * 2
        assert [tuple(row) for row in await conn.fetch("SELECT * FROM b")] == [(2, "both"), (3, "both")] * 2
        assert await conn.fetchval("SELECT count(*) FROM c") == 2

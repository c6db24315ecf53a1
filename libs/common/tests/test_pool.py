"""What holds on a connection of the pool, however often it was used."""

from humidor_demo.service import SERVICE

from humidor_common.db.pool import create_pool
from humidor_common.testing.plugin import SettingsFor


async def test_the_bound_on_transactions_outlives_a_use(settings_for: SettingsFor) -> None:
    settings = settings_for(SERVICE, bus=False, pg_pool_size=1)
    async with await create_pool(settings, name="test") as pool:
        bounds = [await pool.fetchval("SHOW transaction_timeout") for _ in range(3)]
    assert bounds == ["30s"] * 3


async def test_what_a_use_left_open_is_rolled_back(settings_for: SettingsFor) -> None:
    settings = settings_for(SERVICE, bus=False, pg_pool_size=1)
    async with await create_pool(settings, name="test") as pool:
        async with pool.acquire() as conn:
            await conn.execute("BEGIN; CREATE TABLE forgotten ()")
        assert await pool.fetchval("SELECT to_regclass('forgotten')") is None

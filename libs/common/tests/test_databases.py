"""What tests are lent is as new as if it had just been migrated, however it was used before."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from humidor_common.testing.databases import Databases

PACKAGE = "humidor_demo"
SOLD = "INSERT INTO counters VALUES ('S1', 1)"
SEEDS = "SELECT t::text FROM sweeps t"


@pytest.fixture
def databases(postgres: str) -> Iterator[Databases]:
    made = Databases(postgres)
    yield made
    made.drop_all()


def run(dsn: str, *statements: str) -> list[str]:
    """Run statements, each by a connection of its own; gives what the last one reads."""

    async def do() -> list[str]:
        read: list[str] = []
        for statement in statements:
            conn = await asyncpg.connect(dsn)
            read = [str(row[0]) for row in await conn.fetch(statement)]
            await conn.close()
        return read

    return asyncio.run(do())


def name_of(dsn: str) -> str:
    return urlsplit(dsn).path


def test_what_a_test_wrote_is_gone_for_the_next_one_and_what_migrations_wrote_is_back(
    databases: Databases,
) -> None:
    first = databases.make(PACKAGE)
    seeds = run(first, SEEDS)
    run(first, SOLD, "DELETE FROM sweeps")
    databases.take_back()
    second = databases.make(PACKAGE)
    assert name_of(second) == name_of(first)
    assert run(second, "SELECT * FROM counters") == []
    assert run(second, SEEDS) == seeds != []


def test_two_that_are_lent_at_once_are_two(databases: Databases) -> None:
    assert name_of(databases.make(PACKAGE)) != name_of(databases.make(PACKAGE))


@pytest.mark.parametrize(
    "change", ["CREATE TABLE more ()", "ANALYZE counters", "ALTER TABLE counters ALTER sold DROP NOT NULL"]
)
def test_one_whose_tables_were_changed_or_analysed_is_not_lent_again(
    databases: Databases, change: str
) -> None:
    first = databases.make(PACKAGE)
    run(first, SOLD, change)
    databases.take_back()
    assert name_of(databases.make(PACKAGE)) != name_of(first)


def test_one_with_settings_of_its_own_is_not_lent_again(databases: Databases) -> None:
    first = databases.make(PACKAGE)
    run(first, f"ALTER DATABASE {name_of(first)[1:]} SET default_transaction_read_only = on")
    databases.take_back()
    second = databases.make(PACKAGE)
    assert name_of(second) != name_of(first)
    assert run(second, SOLD + " RETURNING store_id") == ["S1"]


def test_who_still_uses_one_is_put_out(databases: Databases) -> None:
    async def hold(dsn: str) -> bool:
        conn = await asyncpg.connect(dsn)
        await conn.execute("BEGIN; LOCK TABLE counters")
        databases.take_back()
        await asyncio.to_thread(databases.make, PACKAGE)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await conn.execute("SELECT 1")
        return conn.is_closed()

    assert asyncio.run(hold(databases.make(PACKAGE)))

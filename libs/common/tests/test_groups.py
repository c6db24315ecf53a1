"""Work that is done in groups: whose, how large, and what becomes of it when some of it fails."""

import asyncio
from collections.abc import Sequence

import pytest
from humidor_demo.service import SERVICE

from humidor_common.db.groups import Bounds, Groups
from humidor_common.db.pool import create_pool
from humidor_common.db.statements import Statement, lock_in_turn, run, write_together
from humidor_common.db.transaction import transaction
from humidor_common.testing.plugin import SettingsFor
from humidor_common.web.problems import Problem


class Counters:
    """Counters raised in groups; what is read before a pause would be lost to whoever raised it meanwhile."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.groups: list[list[str]] = []

    async def work(self, names: Sequence[str]) -> list[int]:
        self.groups.append(list(names))
        read = {name: self.values.get(name, 0) for name in names}
        await asyncio.sleep(0)
        if "broken" in names:
            raise ValueError("a fault of this one")
        if "away" in names:
            raise ConnectionError("nobody answers")
        self.values |= {name: read[name] + 1 for name in names}
        return [self.values[name] for name in names]


def groups_of(counters: Counters, **bounds: int) -> Groups[str, int]:
    return Groups(counters.work, claims=lambda name: [name], bounds=Bounds(**bounds))


async def test_what_arrives_meanwhile_is_done_together_and_nothing_twice_at_once() -> None:
    counters = Counters()
    groups = groups_of(counters, groups=2, in_group=4)
    names = [*"abcdefgh", *"aaab"]
    raised = await asyncio.gather(*(groups.do(name) for name in names))
    assert raised == [1] * 8 + [2, 3, 4, 2]
    assert counters.values == {"a": 4, "b": 2, **dict.fromkeys("cdefgh", 1)}
    assert max(map(len, counters.groups)) == 4
    assert all(len(set(group)) == len(group) for group in counters.groups)


async def test_what_comes_just_as_a_group_ends_is_done() -> None:
    counters = Counters()
    groups = groups_of(counters, groups=1)

    async def again(name: str) -> int:
        return await groups.do(name) + await groups.do(name)

    async with asyncio.timeout(30):
        assert await asyncio.gather(*(again(name) for name in "abc")) == [3, 3, 3]


async def test_one_that_fails_takes_no_other_with_it() -> None:
    counters = Counters()
    groups = groups_of(counters, groups=1)
    names = ["a", "b", "broken", "c"]
    answers = await asyncio.gather(*(groups.do(name) for name in names), return_exceptions=True)
    assert [each for each in answers if not isinstance(each, Exception)] == [1, 1, 1]
    assert isinstance(answers[2], ValueError)
    assert await groups.do("broken2") == 1


async def test_where_the_database_is_away_nothing_is_tried_again() -> None:
    counters = Counters()
    groups = groups_of(counters, groups=1)
    answers = await asyncio.gather(*(groups.do(name) for name in ("a", "away")), return_exceptions=True)
    assert [type(each) for each in answers] == [ConnectionError] * 2
    assert counters.groups == [["a", "away"]]


async def test_no_more_waits_than_may_and_who_goes_away_leaves_the_work_to_be_done() -> None:
    counters = Counters()
    groups = groups_of(counters, groups=1, in_group=1, waiting=2)
    waiting = [asyncio.create_task(groups.do(name)) for name in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await groups.do("c")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
    waiting[0].cancel()
    assert await waiting[1] == 1
    await groups.finish()
    assert counters.values == {"a": 1, "b": 1}


async def test_statements_of_several_slices_run_as_one(settings_for: SettingsFor) -> None:
    async with await create_pool(settings_for(SERVICE, bus=False), name="test") as pool:
        many = Statement("INSERT INTO notes SELECT * FROM unnest($1::text[])", [["b", "c"]])
        one = Statement("INSERT INTO notes VALUES ($1)", ["a"])
        counted = Statement(
            "INSERT INTO notes SELECT $1 || count(*)::text || $2::text FROM notes", ["n", "!"]
        )
        lock = Statement("SELECT pg_advisory_xact_lock($1)", [7])
        async with transaction(pool) as conn:
            await lock_in_turn(conn, [lock, lock._replace(arguments=[8])])
            await write_together(conn, [many, one, counted])
            await write_together(conn, [])
            held = await conn.fetch("SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1")
            assert [row[0] for row in held] == [7, 8]
        async with pool.acquire() as conn:
            await run(conn, one._replace(arguments=["d"]))
        found = await pool.fetch("SELECT note FROM notes ORDER BY 1")
    assert [row[0] for row in found] == ["a", "b", "c", "d", "n0!"]

"""A worker's look that fails is told and done again; what is more is looked at without a pause."""

import asyncio

import pytest

from humidor_common.db.keeping import keep


async def test_no_fault_ends_the_looking_and_more_is_looked_at_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes: list[object] = [OSError("away"), ValueError("ours"), True, True, False]
    seen: list[object] = []
    done = asyncio.Event()

    async def look() -> bool:
        if not outcomes:
            done.set()
            return False
        seen.append(outcome := outcomes.pop(0))
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    task = asyncio.create_task(keep(look, "nothing looked at", every_seconds=0.001))
    await asyncio.wait_for(done.wait(), 10)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [str(each) for each in seen] == ["away", "ours", "True", "True", "False"]
    told = [(each.levelname, each.message) for each in caplog.records if each.name.endswith("keeping")]
    assert told == [("WARNING", "nothing looked at"), ("ERROR", "nothing looked at")]

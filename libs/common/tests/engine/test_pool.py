"""Processes that answer: one that hangs or dies costs its question alone."""

import os
import signal

import pytest

from humidor_common.engine import pool
from humidor_common.engine.calling import call
from humidor_common.engine.pool import Helper, in_processes
from humidor_common.engine.remote import answer
from humidor_common.engine.work import EngineLost, WorkFailed, engine

TARGET = "humidor_common.testing.echo:echo"


async def test_each_process_answers_one_question_after_the_other() -> None:
    async with engine(TARGET, processes=1, dask_address=None) as one:
        assert one.width == 1
        assert await one.ask(b'"a"', seconds=30) == b'["a"]\n'
        assert await one.ask(b'"b"', seconds=30) == b'["b"]\n'


async def test_one_that_dies_or_is_silent_is_replaced() -> None:
    async with in_processes(TARGET, 1) as one:
        helper = one._helpers[0]
        assert await one.ask(b'"a"', seconds=30) == b'["a"]\n'
        assert helper.pid is not None
        os.kill(helper.pid, signal.SIGKILL)
        with pytest.raises(WorkFailed, match="died"):
            await one.ask(b'"b"', seconds=30)
        with pytest.raises(WorkFailed, match=r"no answer within 0\.2 s"):
            await one.ask(b'{"sleep": 60}', seconds=0.2)
        assert helper.pid is None
        assert await one.ask(b'"c"', seconds=30) == b'["c"]\n'


async def test_one_that_does_not_start_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "START_SECONDS", 0.2)
    with pytest.raises(WorkFailed, match="did not start"):
        await Helper(("-c", "import time; time.sleep(60)")).ask(b"", seconds=5)


def test_a_worker_of_a_cluster_has_a_process_too_and_replaces_it() -> None:
    assert answer(TARGET, b'"a"', 30) == (b'["a"]\n', None)
    assert answer(TARGET, b'{"sleep": 60}', 0.2) == (b"", "no answer within 0.2 s")
    assert answer(TARGET, b'{"die": true}', 30) == (b"", "the process that worked on it died")
    assert answer(TARGET, b'"b"', 30) == (b'["b"]\n', None)


async def test_a_call_works_here_without_a_cluster_and_a_missing_one_is_said() -> None:
    assert await call(None, max, 1, 2) == 2
    with pytest.raises(EngineLost, match="cannot be reached"):
        await call("not an address", max, 1, 2)

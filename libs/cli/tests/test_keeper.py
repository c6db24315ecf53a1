import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from humidor_cli.run import keeper as keeper_module
from humidor_cli.run.keeper import Keeper
from humidor_cli.run.units import Unit
from humidor_embedded.errors import EmbeddedError
from humidor_embedded.process import Child, Program

STEADY = "import time; time.sleep(600)"
CRASHING = "print('out of cheese', flush=True); raise SystemExit(3)"
PATIENCE_SECONDS = 30


async def _always() -> bool:
    return True


async def _never() -> bool:
    return False


def _unit(
    tmp_path: Path,
    code: str,
    *,
    answers: Callable[[], Awaitable[bool]] = _always,
    prepare: Callable[[], None] = lambda: None,
) -> Unit:
    log = tmp_path / "unit.log"
    program = Program(name="unit", argv=[sys.executable, "-c", code], log=log)
    unit = Unit(
        name="unit",
        log=log,
        prepare=prepare,
        launch=lambda: Child(program),
        answers=answers,
        stop=lambda: unit.child.stop() if unit.child else None,
        stage=0,
    )
    return unit


@asynccontextmanager
async def _kept(unit: Unit) -> AsyncIterator[Keeper]:
    keeper = Keeper(unit, lambda _unit, _words: None)
    task = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield keeper
    finally:
        keeper.stopping = True
        await asyncio.to_thread(unit.stop)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "LONGEST_PAUSE_SECONDS", 0.05)


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    unit = _unit(tmp_path, STEADY)
    async with _kept(unit) as keeper:
        await keeper.settled.wait()
        assert unit.child is not None
        first = unit.child
        first.kill()
        while unit.child is first or unit.state != "ready":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert unit.restarts == 1


async def test_a_process_that_keeps_crashing_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    unit = _unit(tmp_path, CRASHING, answers=_never)
    async with _kept(unit) as keeper:
        await keeper.settled.wait()
        assert unit.state == "failed"
        assert "code 3" in keeper.failure
        assert "out of cheese" in keeper.failure


async def test_what_cannot_be_prepared_is_not_tried_again(tmp_path: Path) -> None:
    tries: list[int] = []

    def prepare() -> None:
        tries.append(1)
        raise EmbeddedError("no internet")

    unit = _unit(tmp_path, STEADY, prepare=prepare)
    async with _kept(unit) as keeper:
        await keeper.settled.wait()
        assert (keeper.failure, len(tries)) == ("no internet", 1)


async def test_a_process_that_never_gets_ready_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "READY_SECONDS", 0.1)
    unit = _unit(tmp_path, STEADY, answers=_never)
    async with _kept(unit) as keeper:
        await keeper.settled.wait()
        assert unit.state == "failed"
        assert unit.restarts == keeper_module.FAILURES_UNTIL_GIVING_UP - 1


async def test_a_stopped_unit_is_not_started_again(tmp_path: Path) -> None:
    unit = _unit(tmp_path, STEADY)
    async with _kept(unit) as keeper:
        await keeper.settled.wait()
        keeper.stopping = True
        await asyncio.to_thread(unit.stop)
        await asyncio.sleep(0.3)
        assert unit.child is not None
        assert unit.child.exit_code() is not None
        assert unit.restarts == 0

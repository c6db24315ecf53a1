"""Work that is told to end ends, whatever swallows the telling, and a process in its time."""

import asyncio
import signal
import subprocess
import sys

import pytest

from humidor_common import ending
from humidor_common.runtime import beside

DEAF = """
import asyncio
from humidor_common.web import serving

serving.LONGEST_STOP_SECONDS = 0.5

async def deaf(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    print("started", flush=True)
    await receive()
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

serving.serve(deaf, host="127.0.0.1", port=0)
"""


async def test_work_that_swallows_its_first_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "CANCEL_AGAIN_SECONDS", 0.01)
    heard: list[str] = []

    async def hard_of_hearing() -> None:
        while len(heard) < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard.append("told")

    async with asyncio.timeout(30), beside(hard_of_hearing()):
        await asyncio.sleep(0)
    assert len(heard) == 3


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_hangs_while_stopping_says_where_and_ends(told: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(told)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Timeout" in said
    assert "asyncio_run" in said or "runners.py" in said


def test_what_ends_in_time_ends_by_the_signal() -> None:
    code = DEAF.replace(
        "    while True:", '    await send({"type": "lifespan.shutdown.complete"})\n    while False:'
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM


def test_a_process_that_can_not_start_says_so_by_its_status() -> None:
    code = DEAF.replace('"lifespan.startup.complete"', '"lifespan.startup.failed", "message": "no"')
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 3

"""Has one promotion evaluated by a process of its own, which alone imports the libraries and then ends."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from humidor_common.engine.pool import MOST_LINE, ONE_THREAD
from humidor_common.engine.work import WorkFailed
from humidor_forecasting.uplift.work import EvaluationInput, EvaluationOutput, Step

COMMAND = ("-m", "humidor_forecasting.evaluations.helping")
LOOK_SECONDS = 1.0


async def ask(
    given: EvaluationInput, heed: Callable[[Step | None], Awaitable[None]], *, seconds: float
) -> EvaluationOutput:
    """Give what the process answers; `heed` gets each step, and None each second: what it raises ends it.

    Raises:
        WorkFailed: No answer within the time, a mistake of ours, or the process died.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MOST_LINE,
        env=os.environ | ONE_THREAD,
    )
    sending = asyncio.ensure_future(_send(process, msgspec.json.encode(given)))
    try:
        async with asyncio.timeout(seconds):
            return await _follow(process, heed)
    except TimeoutError as error:
        raise WorkFailed(f"no answer within {seconds:g} s") from error
    finally:
        sending.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _send(process: asyncio.subprocess.Process, question: bytes) -> None:
    if process.stdin is None:
        raise WorkFailed("the process has no pipes")
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(question)
        await process.stdin.drain()
        process.stdin.close()


async def _follow(
    process: asyncio.subprocess.Process, heed: Callable[[Step | None], Awaitable[None]]
) -> EvaluationOutput:
    if process.stdout is None:
        raise WorkFailed("the process has no pipes")
    while True:
        line = asyncio.ensure_future(process.stdout.readline())
        try:
            while not (await asyncio.wait({line}, timeout=LOOK_SECONDS))[0]:
                await heed(None)
        finally:
            line.cancel()
        if not line.result():
            raise WorkFailed("the process that worked on it died")
        step = msgspec.json.decode(line.result(), type=Step)
        if step.failure is not None:
            raise WorkFailed(step.failure)
        if step.output is not None:
            return step.output
        await heed(step)

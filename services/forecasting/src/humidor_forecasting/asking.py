"""Has a question answered by a process of its own, one at a time: libraries take memory only meanwhile."""

import asyncio
import os
import sys
from typing import TypeVar

import msgspec

from humidor_common.engine.pool import ONE_THREAD
from humidor_common.web.problems import Problem, unavailable

PATIENCE_SECONDS = 60.0
A = TypeVar("A", bound=msgspec.Struct)
_one_at_a_time = asyncio.Semaphore(1)


async def ask(
    module: str, question: msgspec.Struct, kind: type[A], *, seconds: float = PATIENCE_SECONDS
) -> A:
    """Give the question to a process of the module, which calls `respond`, and what it answers.

    Raises:
        Problem: 503 where it takes too long, 422 `not-computable` where the process could not answer.
    """
    try:
        async with asyncio.timeout(seconds), _one_at_a_time:
            answer = await _run(module, msgspec.msgpack.encode(question))
    except TimeoutError as error:
        raise unavailable("The answer took too long; ask for less or try again.") from error
    return msgspec.msgpack.decode(answer, type=kind)


async def _run(module: str, question: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | ONE_THREAD,
    )
    try:
        answer, _ = await process.communicate(question)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Problem(422, "not-computable", "No answer could be made of these figures.")
    return answer

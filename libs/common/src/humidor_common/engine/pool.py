"""Processes of this machine: each takes a question a line and answers a line; they end with the work.

The libraries of the work are imported there alone, and each process gets the questions that it answers and
nothing else. One that is silent for too long is ended and replaced: whatever happens, the work goes on.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from humidor_common.engine.work import WorkFailed

START_SECONDS = 180.0
MOST_LINE = 64 * 1024 * 1024
MODULE = "humidor_common.engine.answering"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NIXTLA_ID_AS_COL": "1",
}
"""One process, one core: libraries of linear algebra would start a thread for each."""


class Helper:
    """One process; started when first asked, and again after it had to be ended."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, line: bytes, *, seconds: float) -> bytes:
        """Have one question answered.

        Raises:
            WorkFailed: No answer within the time, or the process died; the next call gets a new one.
        """
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange(process, line)
        except TimeoutError as error:
            await self.end()
            raise WorkFailed(f"no answer within {seconds:g} s") from error
        except asyncio.CancelledError:
            await self.end()  # else the next question would get this one's answer
            raise
        if not answer:
            await self.end()
            raise WorkFailed("the process that worked on it died")
        return answer

    async def _exchange(self, process: asyncio.subprocess.Process, line: bytes) -> bytes:
        if process.stdin is None or process.stdout is None:
            raise WorkFailed("the process has no pipes")
        try:
            process.stdin.write(line + b"\n")
            await process.stdin.drain()
            return await process.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MOST_LINE,
            env=os.environ | ONE_THREAD,
        )
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await process.stdout.readline() if process.stdout else b""
        except TimeoutError:
            ready = b""
        if not ready:
            await self.end()
            raise WorkFailed("the process that works did not start")
        return process

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def end(self) -> None:
        """End the process now, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Pool:
    """Processes that take turns."""

    def __init__(self, helpers: Sequence[Helper]) -> None:
        self._helpers = helpers
        self._free: asyncio.LifoQueue[Helper] = asyncio.LifoQueue()
        for helper in helpers:
            self._free.put_nowait(helper)

    @property
    def width(self) -> int:
        return len(self._helpers)

    async def ask(self, line: bytes, *, seconds: float) -> bytes:
        helper = await self._free.get()
        try:
            return await helper.ask(line, seconds=seconds)
        finally:
            self._free.put_nowait(helper)


@asynccontextmanager
async def in_processes(target: str, count: int) -> AsyncIterator[Pool]:
    """Have so many processes answer for as long as the block lasts."""
    helpers = [Helper(("-m", MODULE, target)) for _ in range(count)]
    try:
        yield Pool(helpers)
    finally:
        await asyncio.gather(*(helper.end() for helper in helpers))

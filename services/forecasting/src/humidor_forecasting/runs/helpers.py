"""Processes that forecast: each takes a series a line and answers a line; they end when nothing is left.

The models' libraries are imported there alone. A helper that is silent for too long is ended and replaced:
whatever a model does, the run goes on.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput

START_SECONDS = 180.0
MOST_LINE = 64 * 1024 * 1024
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NIXTLA_ID_AS_COL": "1",
}


class HelperFailed(Exception):  # noqa: N818 - reads as what has happened
    """The helper gave no answer: it took too long or died."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a helper says of one series."""

    output: SeriesOutput | None
    failure: str | None
    seconds: float


class Helper:
    """One process; started when first asked, and again after it had to be ended."""

    def __init__(self, command: tuple[str, ...] = ("-m", "humidor_forecasting.runs.helping")) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, given: SeriesInput, *, seconds: float) -> Answer:
        """Have one series forecast.

        Raises:
            HelperFailed: No answer within the time, or the process died; the next call gets a new one.
        """
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(seconds):
                line = await self._exchange(process, msgspec.json.encode(given))
        except TimeoutError as error:
            await self.end()
            raise HelperFailed(f"no answer within {seconds:g} s") from error
        if not line:
            await self.end()
            raise HelperFailed("the process that worked on it died")
        return msgspec.json.decode(line, type=Answer)

    async def _exchange(self, process: asyncio.subprocess.Process, line: bytes) -> bytes:
        if process.stdin is None or process.stdout is None:
            raise HelperFailed("the process has no pipes")
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
            raise HelperFailed("the process that forecasts did not start")
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


@asynccontextmanager
async def helping(count: int) -> AsyncIterator[list[Helper]]:
    """Have helpers for as long as the block lasts; none is left behind."""
    helpers = [Helper() for _ in range(count)]
    try:
        yield helpers
    finally:
        await asyncio.gather(*(helper.end() for helper in helpers))

"""Keeps one unit running: starts it again with back-off, gives up on one that will not stay."""

import asyncio
import time
from collections.abc import Callable

from humidor_cli.run.units import State, Unit
from humidor_embedded.errors import EmbeddedError
from humidor_embedded.process import Child, tail

READY_SECONDS = 120.0
FAILURES_UNTIL_GIVING_UP = 5
LONGEST_PAUSE_SECONDS = 15.0
STEADY_SECONDS = 60.0
_POLL_SECONDS = 0.1


async def ended(child: Child) -> None:
    """Wait for a process; polling costs one cheap call and needs neither a thread nor a signal handler."""
    while child.exit_code() is None:  # noqa: ASYNC110 - a process is no asyncio event
        await asyncio.sleep(_POLL_SECONDS)


class Keeper:
    """Runs in a task of its own until `stopping` is set.

    Args:
        unit: What to keep running.
        changed: Called with each change of state and a few words on it.
    """

    def __init__(self, unit: Unit, changed: Callable[[Unit, str], None]) -> None:
        self.unit = unit
        self.stopping = False
        self.settled = asyncio.Event()
        """Set once the unit is ready or given up for the first time."""
        self.failure = ""
        self._changed = changed

    async def run(self) -> None:
        failures = 0
        while not self.stopping:
            started = time.monotonic()
            try:
                child = await self._start()
                if await self._becomes_ready(child):
                    self._set("ready", f"{time.monotonic() - started:.1f} s")
                    self.settled.set()
                    await ended(child)
            except EmbeddedError as error:
                # The engine itself says that starting it again will not help.
                self._give_up(str(error))
                return
            if self.stopping:
                return
            failures = 1 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            if failures >= FAILURES_UNTIL_GIVING_UP:
                self._give_up(self._last_words(failures))
                return
            pause_seconds = min(0.5 * 2**failures, LONGEST_PAUSE_SECONDS)
            self._set("restarting", f"{self._how_it_ended()}; again in {pause_seconds:.0f} s")
            await asyncio.sleep(pause_seconds)
            self.unit.restarts += 1

    async def _start(self) -> Child:
        self._set("preparing", "")
        await asyncio.to_thread(self.unit.prepare)
        child = self.unit.start()
        self._set("starting", "")
        return child

    async def _becomes_ready(self, child: Child) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while child.exit_code() is None:
            if await self.unit.answers():
                return True
            if time.monotonic() > deadline:
                await asyncio.to_thread(child.kill)
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def _how_it_ended(self) -> str:
        code = self.unit.child.exit_code() if self.unit.child else None
        if code is None or code >= 0:
            return f"ended with code {code}"
        return f"ended by signal {-code}"

    def _last_words(self, failures: int) -> str:
        return (
            f"{self.unit.name} {self._how_it_ended()} {failures} times in a row; it is not started again.\n"
            f"The end of {self.unit.log}:\n{tail(self.unit.log)}"
        )

    def _give_up(self, reason: str) -> None:
        self.failure = reason
        self._set("failed", reason)
        self.settled.set()

    def _set(self, state: State, words: str) -> None:
        self.unit.state = state
        self._changed(self.unit, words)

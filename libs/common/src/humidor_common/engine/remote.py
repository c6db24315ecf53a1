"""What a worker of a Dask cluster does with a question: gives it to a process of its own.

A call that is no question is made in its thread, and may say how far it is.

A limit of time cannot stop compiled code in a thread, but it can end a process; so each thread of a worker
has one, which lives as long as the worker and ends with it, because its input ends then.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Any, TypeVar

from humidor_common.engine.pool import MODULE, ONE_THREAD, START_SECONDS

TOPIC = "humidor-heard"
"""Where workers tell how far calls are, each with its name; a topic of each would stay in the scheduler."""

_PIECE = 1 << 20
_TOLD_EVERY_SECONDS = 0.5

T = TypeVar("T")
_own = threading.local()


class Silent(Exception):  # noqa: N818 - reads as what has happened
    """The process gave no answer in time, or died."""


class Process:
    """A process that answers, asked from one thread."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._child = subprocess.Popen(
            [sys.executable, "-m", MODULE, target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
        )
        self._read(START_SECONDS)

    def ask(self, line: bytes, seconds: float) -> bytes:
        """Give the answer.

        Raises:
            Silent: There is none; the process is ended.
        """
        if self._child.stdin is None:
            raise Silent("the process has no pipes")
        try:
            self._child.stdin.write(line + b"\n")
            self._child.stdin.flush()
        except OSError as error:
            self.end()
            raise Silent("the process that worked on it died") from error
        return self._read(seconds)

    def _read(self, seconds: float) -> bytes:
        out, until, parts = self._child.stdout, monotonic() + seconds, b""
        if out is None:
            raise Silent("the process has no pipes")
        with DefaultSelector() as selector:
            selector.register(out, EVENT_READ)
            while not parts.endswith(b"\n"):
                if not selector.select(max(until - monotonic(), 0)):
                    self.end()
                    raise Silent(f"no answer within {seconds:g} s")
                piece = os.read(out.fileno(), _PIECE)
                if not piece:
                    self.end()
                    raise Silent("the process that worked on it died")
                parts += piece
        return parts

    def end(self) -> None:
        self._child.kill()
        self._child.wait()


def answer(target: str, line: bytes, seconds: float) -> tuple[bytes, str | None]:
    """Give the answer to one question, or why there is none."""
    process: Process | None = getattr(_own, "process", None)
    try:
        if process is None or process.target != target:
            if process is not None:
                process.end()
            _own.process = process = Process(target)
        return process.ask(line, seconds), None
    except Silent as error:
        _own.process = None
        return b"", str(error)


class Unwanted(Exception):  # noqa: N818 - reads as what has happened
    """Nobody waits for the call any more."""


def heard(name: str, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function with, as its last argument, what takes the share that is done and tells who waits.

    Raises:
        Unwanted: Whoever waited has given it up, or is gone; Dask itself lets a thread go on for nothing.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]
    told = 0.0

    def tell(share: float) -> None:
        nonlocal told
        if task.state == "cancelled":
            raise Unwanted
        if monotonic() - told > _TOLD_EVERY_SECONDS:
            told = monotonic()
            worker.log_event(TOPIC, (name, share))

    return function(*arguments, tell)

"""For tests of engines: answers with what it was asked, sleeps or dies where it is told to."""

import os
import signal
import time
from collections.abc import Callable

import msgspec


def echo(line: bytes) -> bytes:
    asked = msgspec.json.decode(line)
    if isinstance(asked, dict):
        if asked.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(asked.get("sleep", 0))
    return msgspec.json.encode([asked])


def count_on(steps: int, tell: Callable[[float], None]) -> int:
    """Tell the share of so many steps that is done, ten milliseconds each."""
    for n in range(steps):
        tell(n / steps)
        time.sleep(0.01)
    return steps

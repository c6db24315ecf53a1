"""How much of the machine others took meanwhile: figures of a busy machine are worth less."""

import os
import resource
import time
from pathlib import Path

import psutil


class Weather:
    """Compares what the machine's processors did with what this process and its children did."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy_seconds, self._own_seconds = _busy_seconds(), _own_seconds()

    def report(self) -> str:
        seconds = time.monotonic() - self._began
        own = _own_seconds() - self._own_seconds
        others = max(0.0, _busy_seconds() - self._busy_seconds - own)
        return f"{seconds:.0f} s, others took {others / seconds / (os.cpu_count() or 1):.0%} of the machine"


def _busy_seconds() -> float:
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(usage.ru_utime + usage.ru_stime for usage in ended)
    for process in psutil.Process().children(recursive=True):
        try:
            seconds += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return seconds

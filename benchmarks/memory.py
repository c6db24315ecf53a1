"""What the whole embedded system takes of the machine's memory, started as `make run` starts it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks import shop
from benchmarks.load import Spec, drive
from benchmarks.report import Result
from benchmarks.system import System
from humidor_embedded.ports import free_ports

LIMIT_MB = 1500
SALES_PER_SECOND = 200
STORE = "S0001"


def bench_memory(system: System) -> list[Result]:
    """Measure at rest and after sales have gone through every process."""
    home = system.directory / "home"
    with _running(home) as humidor:
        time.sleep(system.effort.seconds(8))
        at_rest, _ = pss_mb(home)
        key = json.loads(humidor("terminal", "add", "--store", STORE, "--json"))["key"]
        templates = [
            [piece.replace("POST /v1", "POST /pos/v1") for piece in template]
            for template in shop.single_sales({STORE: key}, variants=64)
        ]
        spec = Spec(
            port=humidor.port,
            templates=templates,
            connections=32,
            seconds=system.effort.seconds(20),
            rate_per_second=SALES_PER_SECOND,
        )
        drive(spec)
        humidor("status", "--wait", "60", "--json")
        after, parts = pss_mb(home)
    largest = ", ".join(f"{name} {mb:.0f}" for name, mb in sorted(parts.items(), key=lambda part: -part[1]))
    return [
        Result(
            name="memory.whole_system",
            unit="MB",
            value=after,
            better="lower",
            target=LIMIT_MB,
            note=f"sum of PSS after {SALES_PER_SECOND} sales/s through the gateway: {largest}",
        ),
        Result(
            name="memory.at_rest", unit="MB", value=at_rest, better="lower", note="sum of PSS after the start"
        ),
    ]


class _Humidor:
    """The command, with a home and a port of its own."""

    def __init__(self, home: Path) -> None:
        (self.port,) = free_ports(1)
        self._environment = {**os.environ, "HUMIDOR_HOME": str(home), "HUMIDOR_PORT": str(self.port)}

    def __call__(self, *arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("humidor")), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"humidor {' '.join(arguments)} failed: {done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def _running(home: Path) -> Iterator[_Humidor]:
    humidor = _Humidor(home)
    try:
        humidor("up", "--detach", "--json")
        yield humidor
    finally:
        humidor("down")


def pss_mb(home: Path) -> tuple[float, dict[str, float]]:
    """Sum the proportional set sizes of a running system: what processes share is counted once."""
    supervisor = psutil.Process(json.loads((home / "state.json").read_text())["pid"])
    parts: dict[str, float] = {}
    for process in [supervisor, *supervisor.children(recursive=True)]:
        try:
            name = _name(process.cmdline())
            pss_mb = process.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
        parts[name] = parts.get(name, 0) + pss_mb
    return sum(parts.values()), parts


def _name(command: list[str]) -> str:
    for module in (word for word in command if word.startswith("humidor_") and word != "humidor_cli"):
        return f"{module.removeprefix('humidor_')} {command[-1]}"
    if "postgres" in command[0]:
        return "PostgreSQL"
    return "Kafka" if "java" in command[0] else "supervisor"

"""The gateway's own bench, a script of its own, taken into the common table."""

import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.report import Result
from benchmarks.system import System

LEAST_RATIO = 0.28


def bench_gateway(system: System) -> list[Result]:
    """Run it and take over its figures."""
    script = Path(__file__).with_name("gateway_proxy.py")
    options = ["--json", "--rounds", str(system.effort.rounds), "--seconds", str(system.effort.seconds(4))]
    done = subprocess.run([sys.executable, str(script), *options], stdout=subprocess.PIPE, check=True)
    return [msgspec.structs.replace(msgspec.json.decode(done.stdout, type=Result), target=LEAST_RATIO)]

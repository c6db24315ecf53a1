"""Runs the rebuild of one service with the environment that its processes have."""

import os
import subprocess
import tempfile
from dataclasses import replace
from typing import Any

import msgspec

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.run.layout import Layout
from humidor_cli.services import SERVICES, ServiceSpec
from humidor_embedded.postgres import PostgresServer

_LAST_CHARACTERS = 3000


def service_named(name: str) -> ServiceSpec:
    """Find a service that has projections.

    Raises:
        CliError: There is none of this name.
    """
    specs = {spec.name: spec for spec in SERVICES if spec.uses_bus}
    if name not in specs:
        raise CliError(f"there is no service {name} to rebuild; there are {', '.join(specs)}")
    return specs[name]


def rebuild(home: Home, spec: ServiceSpec) -> list[dict[str, Any]]:
    """Rebuild each projection of the service.

    Returns:
        For each projection what was read and applied, the digests before and after, and whether they are
        equal.

    Raises:
        CliError: The system does not run, or the rebuild failed and left the projection as it was.
    """
    state = home.read("state.json")
    if os.environ.get("HUMIDOR_URL") or not home.is_running() or state.get("phase") != "ready":
        raise CliError(
            f"no system runs in {home.directory}; elsewhere run python -m {spec.package} rebuild "
            "with the environment of that service"
        )
    ports = home.read("ports.json")
    layout = Layout(
        replace(home, port=state["port"]),
        ports,
        PostgresServer(home.postgres),
        f"127.0.0.1:{ports['kafka']}",
    )
    program = layout.program(spec, "rebuild")
    # Into a file: a pipe that nobody reads while we wait would fill up.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(program.argv, env=program.env, stdout=output, stderr=errors)
        try:
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        output.seek(0)
        errors.seek(0)
        return _outcomes(output.read(), errors.read().decode(errors="replace"))


def _outcomes(output: bytes, errors: str) -> list[dict[str, Any]]:
    last = output.strip().rpartition(b"\n")[2]
    try:
        return msgspec.json.decode(last, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise CliError(f"the rebuild failed and changed nothing:\n{errors[-_LAST_CHARACTERS:]}") from error

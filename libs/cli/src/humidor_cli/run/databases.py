"""A database and a role for each service, brought to the newest version of its schema."""

import asyncio
import hashlib
import signal
from importlib.util import find_spec
from pathlib import Path

from humidor_cli.errors import CliError
from humidor_cli.run.keeper import ended
from humidor_cli.run.layout import Layout
from humidor_cli.services import SERVICES, ServiceSpec
from humidor_embedded.process import Child, tail


def provision(layout: Layout) -> None:
    """Blocking; safe to repeat."""
    passwords = layout.passwords()
    for spec in SERVICES:
        layout.postgres.provision_database(spec.name, spec.role_in_database, passwords[spec.name])
        if spec.has_views:
            reader = spec.reader_in_database
            layout.postgres.provision_reader(spec.name, spec.role_in_database, reader, passwords[reader])


async def migrate(layout: Layout) -> None:
    """Run ``python -m humidor_<service> migrate`` for each whose migrations changed since the last time."""
    applied = layout.home.read("migrations.json")
    wanted = {spec.name: digest_of_migrations(spec) for spec in SERVICES}
    due = [spec for spec in SERVICES if applied.get(spec.name) != wanted[spec.name]]
    await asyncio.gather(*(_migrate(layout, spec) for spec in due))
    if due:
        layout.home.write("migrations.json", wanted)


def digest_of_migrations(spec: ServiceSpec) -> str:
    """A digest over a service's migrations and the platform's own, which they call."""
    found = hashlib.sha256()
    for package, folder in ((spec.package, "migrations"), ("humidor_common", "db")):
        origin = find_spec(package)
        if origin is None or origin.origin is None:
            raise CliError(f"the package {package} is not installed; run make")
        for file in sorted((Path(origin.origin).parent / folder).rglob("*.py")):
            found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


async def _migrate(layout: Layout, spec: ServiceSpec) -> None:
    program = layout.program(spec, "migrate")
    child = Child(program)
    try:
        await ended(child)
    finally:
        child.signal(signal.SIGKILL)
    if child.wait() != 0:
        raise CliError(f"the database of {spec.name} could not be migrated:\n{tail(program.log)}")

"""The command line of a service's processes: `python -m humidor_pos api|worker|migrate|rebuild`."""

import argparse
import asyncio
import gc
import sys

import msgspec
from prometheus_client import Info

from humidor_common.messaging.rebuild import rebuild
from humidor_common.service import Service
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import configure_logs
from humidor_common.telemetry.traces import configure_tracing
from humidor_common.web.app import create_app
from humidor_common.web.serving import serve


def main(service: Service, arguments: list[str] | None = None) -> int:
    """Run one process of `service`; settings come from the environment."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=service.title)
    parser.add_argument("command", choices=["api", "worker", "migrate", "rebuild"])
    command = parser.parse_args(arguments).command
    settings = service.settings()
    if command == "migrate":
        # alembic and SQLAlchemy cost half a second and 25 MB, which no serving process needs.
        from humidor_common.db.migrate import upgrade

        upgrade(settings.pg_dsn, service.package)
    elif command == "rebuild":
        spare_the_collector()
        return asyncio.run(_rebuild(service, settings))
    else:
        _serve(service, settings, command)
    return 0


def _serve(service: Service, settings: ServiceSettings, role: str) -> None:
    name = f"{service.name}-{role}"
    configure_logs(name, settings.log_level)
    configure_tracing(name)
    Info("humidor_process", "Which process this is").info({"service": service.name, "role": role})
    app = create_app(service, settings, "api" if role == "api" else "worker")
    spare_the_collector()
    serve(app, host=settings.host, port=settings.port)


def spare_the_collector() -> None:
    """Requests make many small objects and hardly a cycle.

    With the default thresholds the collector took a sixth of the time of a process that sells, most of it
    walking the modules that never go away.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


async def _rebuild(service: Service, settings: ServiceSettings) -> int:
    """Rebuild each projection; the exit status is 1 where one came out different."""
    outcomes = [await rebuild(settings, projection) for projection in service.projections]
    sys.stdout.write(msgspec.json.encode(outcomes, enc_hook=str).decode() + "\n")
    return 0 if all(outcome.equal for outcome in outcomes) else 1

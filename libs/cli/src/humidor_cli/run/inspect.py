"""How the running system is doing, gathered from its state file and its processes."""

import asyncio
import time
from typing import Any

import psutil

from humidor_cli.home import Home
from humidor_cli.run.probe import ask
from humidor_cli.services import SERVICES, ServiceSpec

_STATUS_TIMEOUT_SECONDS = 15.0
_POLL_SECONDS = 0.2
_ENGINES = ("postgresql", "kafka")
_EXTRAS = ("mqtt",)


async def inspect(home: Home) -> dict[str, Any]:
    """The document of ``humidor status --json``.

    ``lag`` counts rows in the outboxes and records not yet consumed; it and ``dead_letters`` are null
    where a service cannot say.
    """
    running = home.is_running()
    state = home.read("state.json") if running else {}
    units: dict[str, dict[str, Any]] = state.get("units", {})
    names = [spec.name for spec in SERVICES]
    services = dict(
        zip(names, await asyncio.gather(*(_service(spec, units) for spec in SERVICES)), strict=True)
    )
    engines = {name: _process(units.get(name, {})) for name in _ENGINES}
    parts = [*services.values(), *engines.values()]
    # The services work without it, so it keeps nobody waiting.
    engines |= {name: _process(units[name]) for name in _EXTRAS if name in units}
    return {
        "ready": state.get("phase") == "ready" and all(part["ready"] for part in parts),
        "phase": state.get("phase", "starting") if running else "stopped",
        "url": state.get("url"),
        "services": services,
        "engines": engines,
        "lag": _total(services, "lag"),
        "dead_letters": _total(services, "dead_letters"),
    }


async def drained(home: Home, patience_seconds: float) -> tuple[dict[str, Any], bool]:
    """Wait until all is ready and nothing is under way; the last look, and whether it was so in time.

    One look is not enough: an event can move from a consumer already asked to an outbox already counted.
    """
    deadline = time.monotonic() + patience_seconds
    quiet_looks = 0
    while True:
        found = await inspect(home)
        quiet_looks = quiet_looks + 1 if found["ready"] and found["lag"] == 0 else 0
        if quiet_looks == 2:
            return found, True
        if time.monotonic() >= deadline:
            return found, False
        await asyncio.sleep(_POLL_SECONDS)


async def _service(spec: ServiceSpec, units: dict[str, dict[str, Any]]) -> dict[str, Any]:
    processes = {role: _process(units.get(f"{spec.name} {role}", {})) for role in spec.roles}
    answers = await asyncio.gather(
        *(ask(each["port"], "/readyz") for each in processes.values() if each["ready"])
    )
    ready = all(each["ready"] for each in processes.values()) and all(code == 200 for code, _ in answers)
    found: dict[str, Any] = {"ready": ready, "processes": processes}
    if spec.uses_bus:
        found |= await _under_way(processes["api"])
    return found


async def _under_way(api: dict[str, Any]) -> dict[str, Any]:
    code, said = await ask(api["port"], "/statusz", _STATUS_TIMEOUT_SECONDS) if api["ready"] else (0, {})
    if code != 200:
        return {"lag": None, "outbox": None, "consumers": None, "dead_letters": None}
    outbox, consumers = said["outbox"], said["lag"]
    return {
        "lag": outbox + sum(consumers.values()),
        "outbox": outbox,
        "consumers": consumers,
        "dead_letters": said["dead_letters"],
    }


def _process(unit: dict[str, Any]) -> dict[str, Any]:
    pid = unit.get("pid")
    alive = pid is not None and psutil.pid_exists(pid)
    return {
        "ready": alive and unit.get("state") == "ready",
        "state": unit.get("state", "stopped"),
        "pid": pid,
        "port": unit.get("port"),
        "restarts": unit.get("restarts", 0),
        "log": unit.get("log"),
    }


def _total(services: dict[str, dict[str, Any]], name: str) -> int | None:
    counts = [part[name] for part in services.values() if name in part]
    return sum(counts) if counts and None not in counts else None

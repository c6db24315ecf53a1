"""Every service of services/ is known wherever services are listed by name."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from humidor_cli.run import ports
from humidor_cli.services import SERVICES
from humidor_common.auth import SCOPES
from humidor_common.service import Service

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
TOOLS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
LISTS = ("modules", "forbidden_modules", "source_modules", "containers", "ancestors")


def service(name: str) -> Service:
    found: Service = import_module(f"humidor_{name}.app").SERVICE
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_checking_tools_know_it(name: str) -> None:
    assert f"services/{name}/src" in TOOLS["mypy"]["mypy_path"].split(":")
    assert f"humidor_{name}" in TOOLS["importlinter"]["root_packages"]
    for contract in TOOLS["importlinter"]["contracts"]:
        listed = {entry.split(".")[0] for key in LISTS for entry in contract.get(key, ())}
        assert f"humidor_{name}" in listed, contract["id"]


@pytest.mark.parametrize("name", NAMES)
def test_the_local_system_runs_it(name: str) -> None:
    spec = next(each for each in SERVICES if each.name == name)
    assert spec.uses_bus == service(name).uses_bus
    assert spec.roles == (("api", "worker") if spec.uses_bus else ("api",))
    if spec.uses_bus:
        assert {name, f"{name}-worker"} <= set(ports.NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_scopes_and_a_name_like_its_folder(name: str) -> None:
    assert service(name).name == name
    assert {f"{name}:read", f"{name}:write", f"{name}:admin"} <= SCOPES

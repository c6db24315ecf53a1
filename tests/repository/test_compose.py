"""docker-compose.yml covers every service and keeps to what Compose 1.29 and 2 both read."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from humidor_common.service import Service
from humidor_common.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "compose.env.example"
DOCUMENT: dict[str, Any] = msgspec.yaml.decode((ROOT / "docker-compose.yml").read_bytes())
CONTAINERS: dict[str, dict[str, Any]] = DOCUMENT["services"]
NAMES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))

# What the documentation of both versions has; `name`, `include` and `configs` are of version 2 alone.
TOP_LEVEL = {"services", "volumes", "networks"}
CONTAINER_KEYS = {
    "build",
    "command",
    "depends_on",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "logging",
    "ports",
    "restart",
    "shm_size",
    "volumes",
}
BUILD_KEYS = {"context", "dockerfile", "args"}
HEALTHCHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::?([-?])[^}]*)?\}")


def service(name: str) -> Service:
    found: Service = import_module(f"humidor_{name}.app").SERVICE
    return found


def containers_of(name: str) -> dict[str, dict[str, Any]]:
    return {
        key.removeprefix(f"{name}-"): value for key, value in CONTAINERS.items() if key.startswith(f"{name}-")
    }


def commands() -> Iterator[list[str]]:
    """Whatever client of Compose is at hand."""
    if shutil.which("docker-compose"):
        yield ["docker-compose"]
    docker = shutil.which("docker") or "docker"
    try:
        asked = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    except OSError:
        return
    if asked.returncode == 0:
        yield [docker, "compose"]


@pytest.mark.parametrize("name", NAMES)
def test_every_service_has_its_containers(name: str) -> None:
    roles = {"migrate", "api", "worker"} if service(name).uses_bus else {"migrate", "api"}
    containers = containers_of(name)
    assert set(containers) == roles
    for role, container in containers.items():
        assert container["command"] == [role]
        assert container["build"]["args"]["SERVICE"] == name
        assert container["restart"] == ("no" if role == "migrate" else "unless-stopped")
        assert ("healthcheck" in container) == (role != "migrate")


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    settings: type[ServiceSettings] = service(name).settings
    known = {f"HUMIDOR_{field.upper()}" for field in settings.model_fields} | {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    needed = {f"HUMIDOR_{key.upper()}" for key, field in settings.model_fields.items() if field.is_required()}
    for container in containers_of(name).values():
        assert set(container["environment"]) <= known
        assert needed <= set(container["environment"])


@pytest.mark.parametrize("name", NAMES)
def test_every_service_has_a_database_and_a_password_of_its_own(name: str) -> None:
    databases = CONTAINERS["databases"]["environment"]
    secret = f"PASSWORD_{name.upper()}"
    assert name in databases["SERVICES"].split()
    assert secret in databases
    for container in containers_of(name).values():
        dsn = container["environment"]["HUMIDOR_PG_DSN"]
        assert dsn.startswith(f"postgresql://humidor_{name}:${{{secret}:?}}@")
        assert dsn.endswith(f"/{name}")


def test_the_gateway_leads_to_every_other_service() -> None:
    upstreams = CONTAINERS["gateway-api"]["environment"]["HUMIDOR_UPSTREAMS"].split(",")
    assert sorted(upstreams) == [f"{name}=http://{name}-api:8000" for name in NAMES if name != "gateway"]


def test_every_image_and_base_image_is_an_argument() -> None:
    for name, container in CONTAINERS.items():
        assert VARIABLE.match(container["image"]), name
        for argument, value in container.get("build", {}).get("args", {}).items():
            assert argument == "SERVICE" or VARIABLE.fullmatch(value), name
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    assert all(
        line.split()[1] == "${PYTHON_IMAGE}" for line in re.findall(r"^FROM .*", dockerfile, re.MULTILINE)
    )


def test_only_the_common_subset_of_the_format_is_used() -> None:
    assert {key for key in DOCUMENT if not key.startswith("x-")} <= TOP_LEVEL
    for name, container in CONTAINERS.items():
        assert set(container) <= CONTAINER_KEYS, name
        assert set(container.get("build", {})) <= BUILD_KEYS, name
        assert set(container.get("healthcheck", {})) <= HEALTHCHECK_KEYS, name
        for dependency in container.get("depends_on", {}).values():
            assert set(dependency) == {"condition"}, name


def test_dependencies_have_conditions_that_can_be_met_and_no_circle() -> None:
    graph = {name: container.get("depends_on", {}) for name, container in CONTAINERS.items()}
    tuple(TopologicalSorter(graph).static_order())
    for dependencies in graph.values():
        for dependency, wanted in dependencies.items():
            assert wanted["condition"] in CONDITIONS
            healthy = wanted["condition"] == "service_healthy"
            completed = wanted["condition"] == "service_completed_successfully"
            assert not healthy or "healthcheck" in CONTAINERS[dependency]
            assert completed == (CONTAINERS[dependency]["restart"] == "no")


def test_what_must_be_set_stands_in_the_example() -> None:
    given = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    text = (ROOT / "docker-compose.yml").read_text()
    assert {name for name, kind in VARIABLE.findall(text) if kind == "?"} <= given


@pytest.mark.parametrize("command", list(commands()) or [None], ids=lambda each: " ".join(each or ["none"]))
def test_compose_itself_accepts_the_file(command: list[str] | None) -> None:
    if command is None:
        pytest.skip("no client of Compose is at hand")
    checked = subprocess.run(
        [*command, "--env-file", str(EXAMPLE), "config", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr

"""Every list of every service can be had as a file."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from humidor_common.service import Service
from humidor_common.settings import ServiceSettings
from humidor_common.web.app import create_app

NAMES = sorted(path.parent.name for path in (Path(__file__).parents[2] / "services").glob("*/pyproject.toml"))
OFFLINE = ServiceSettings(pg_dsn="", kafka_bootstrap_servers="", jwks="")


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_with_a_cursor_is_described_as_a_file_too(name: str) -> None:
    service: Service = import_module(f"humidor_{name}.app").SERVICE
    description = create_app(service, OFFLINE).openapi()
    schemas: dict[str, Any] = description["components"]["schemas"]
    lists = 0
    for path, operations in description["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "next_cursor" in schemas.get(schema, {}).get("properties", {}):
            lists += 1
            assert "text/csv" in content, path
            assert [p["name"] for p in operations["get"]["parameters"]].count("format") == 1, path
    assert lists

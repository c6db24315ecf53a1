"""Each import contract fails on a violation planted in a copy of the sources, and matches real modules."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("libs/*/src/humidor_*"), *ROOT.glob("services/*/src/humidor_*")]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]

VIOLATIONS = {
    "services-are-independent": ("humidor_pos/planted.py", "import humidor_inventory.app\n"),
    "common-knows-no-service": ("humidor_common/planted.py", "import humidor_pos.app\n"),
    "tools-use-apis": ("humidor_cli/planted.py", "import humidor_gateway.app\n"),
    "rules-are-pure": ("humidor_pos/planted/rules.py", "import asyncpg\n"),
    "slices-have-layers": ("humidor_pos/planted/rules.py", "import humidor_pos.planted.api\n"),
    "slices-have-no-cycles": ("humidor_pos/planted/__init__.py", "import humidor_pos.sprouted\n"),
}
COMPANIONS = {
    "slices-have-layers": {"humidor_pos/planted/api.py": "", "humidor_pos/planted/__init__.py": ""},
    "rules-are-pure": {"humidor_pos/planted/__init__.py": ""},
    "slices-have-no-cycles": {"humidor_pos/sprouted.py": "import humidor_pos.planted\n"},
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sources")
    for package in SOURCES:
        shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def check(directory: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--contract", contract]
    environment = os.environ | {"PYTHONPATH": str(directory)}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def test_every_contract_has_its_planted_violation() -> None:
    assert {contract["id"] for contract in CONTRACTS} == set(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_is_found(copied: Path, contract: str) -> None:
    path, source = VIOLATIONS[contract]
    planted = COMPANIONS.get(contract, {}) | {path: source}
    try:
        for name, text in planted.items():
            (copied / name).parent.mkdir(exist_ok=True)
            (copied / name).write_text(text)
        outcome = check(copied, contract)
    finally:
        for name in planted:
            (copied / name).unlink()
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "planted" in outcome.stdout


def test_every_wildcard_matches_a_module() -> None:
    patterns = {
        name
        for contract in CONTRACTS
        for key in ("source_modules", "containers")
        for name in contract.get(key, ())
        if "*" in name
    }
    assert patterns
    for pattern in patterns:
        package, *rest = pattern.split(".")
        source = next(each for each in SOURCES if each.name == package)
        assert list(source.glob("/".join(rest) + ("" if rest[-1] == "*" else ".py"))), pattern

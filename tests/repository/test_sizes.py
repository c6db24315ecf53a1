"""Files stay small enough to be read at one sitting, and no address of a package index gets in."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE_LINES = 250
TEST_LINES = 400
SLICE_FILES = 12
INDEX_ADDRESS = re.compile(
    r"pypi\.org|files\.pythonhosted|repo1?\.maven|maven2|registry\.npmjs|index-url\s*=|registry = \"http"
)


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file()]


def test_no_source_file_is_too_long() -> None:
    too_long = []
    for path in tracked("*.py"):
        limit = TEST_LINES if "tests" in path.parts else SOURCE_LINES
        lines = path.read_text().count("\n")
        if lines > limit + 20:
            too_long.append(f"{path.relative_to(ROOT)} has {lines} lines, {limit} are meant")
    assert too_long == []


def test_no_committed_file_names_a_package_index() -> None:
    this = Path(__file__)
    named = [
        path.relative_to(ROOT)
        for path in tracked("*")
        if path != this and INDEX_ADDRESS.search(path.read_text(errors="ignore"))
    ]
    assert named == []


def test_every_requirement_is_locked_by_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9][a-z0-9._-]*==", lock, re.MULTILINE)
    assert len(pinned) > 50
    for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_no_slice_has_too_many_files() -> None:
    for rules in tracked("services/*/src/*/*/rules.py"):
        assert len(list(rules.parent.glob("*.py"))) <= SLICE_FILES + 1, rules.parent

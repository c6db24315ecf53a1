"""The whole Online Retail file through a system of its own; `make verify-published` runs it.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
HUMIDOR_PUBLISHED_ROWS takes so many of its first rows, and the system in which the other tests run.
"""

import gzip
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from .conftest import HUMIDOR, System, free_port

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "online_retail"
FILES = sorted(str(path) for path in DATA.glob("*.csv.gz"))
FLAGS = ("--currency", "GBP", "--time-zone", "Europe/London")
WHOLE = {"sale": 313_931, "return": 5_847, "adjustment": 925, "reported": 2}
ROWS = int(os.environ.get("HUMIDOR_PUBLISHED_ROWS") or sum(WHOLE.values()))
IS_WHOLE = sum(WHOLE.values()) == ROWS

pytestmark = [
    pytest.mark.skipif(not FILES, reason="HUMIDOR_PUBLISHED_DATA holds no online_retail/*.csv.gz"),
    pytest.mark.timeout(3600),
]

Humidor = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def environment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment of commands for the system that the file goes through."""
    if not IS_WHOLE:
        system: System = request.getfixturevalue("system")
        yield system.environment
        return
    with tempfile.TemporaryDirectory(prefix="humidor-published-", ignore_cleanup_errors=True) as home:
        own = System(Path(home), free_port())
        own.up("--no-sample")
        try:
            yield own.environment
        finally:
            own.down()


@pytest.fixture(scope="module")
def humidor(environment: dict[str, str]) -> Humidor:
    """Run `humidor … --json`."""

    def run(*arguments: str) -> dict[str, Any]:
        began = time.monotonic()
        command = [HUMIDOR, *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        print(f"humidor {arguments[0]}: exit {done.returncode}, {time.monotonic() - began:.1f} s")
        assert done.returncode in {0, 1}, done.stdout[-3000:] + done.stderr[-3000:]
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return run


def differing(verified: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the checks that are not equal; dead letters of other tests are left aside."""
    unlike = [check for check in verified["checks"] if not check["equal"]]
    return [check for check in unlike if IS_WHOLE or check["name"] != "open dead letters"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The file as it was published, or its beginning."""
    if IS_WHOLE:
        return FILES
    path = tmp_path_factory.mktemp("published") / "beginning.csv.gz"
    with gzip.open(FILES[0], "rt") as whole, gzip.open(path, "wt") as beginning:
        beginning.writelines(islice(whole, ROWS + 1))
    return [str(path)]


def test_the_whole_file_is_replayed_and_verifies_to_the_unit(humidor: Humidor, files: list[str]) -> None:
    report = humidor("replay", *files, *FLAGS, "--yes")
    print(
        f"{report['rows']:,} rows in {report['seconds']:.1f} s: {report['sales_per_second']:.0f} sales/s, "
        f"{report['rows_per_second']:,.0f} rows/s"
    )
    assert report["problems"] == []
    assert report["rows"] == ROWS
    assert sum(report["rows_by_kind"].values()) == ROWS
    assert files != FILES or report["rows_by_kind"] == WHOLE
    verified = humidor("verify", *files, *FLAGS)
    for check in verified["checks"]:
        print(f"  {check['name']}: {check['expected']} = {check['actual']} ({check['compared']} compared)")
    assert differing(verified) == []


def test_a_second_replay_finds_every_document_a_duplicate(humidor: Humidor, files: list[str]) -> None:
    report = humidor("replay", *files, *FLAGS, "--yes")
    assert {status for counts in report["results"].values() for status in counts} == {"duplicate"}
    assert differing(humidor("verify", *files, *FLAGS)) == []

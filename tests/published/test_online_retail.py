"""The whole Online Retail file through a system of its own; `make verify-published` runs it.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
HUMIDOR_PUBLISHED_ROWS takes so many of its first rows.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from humidor_embedded.ports import free_ports

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "online_retail"
FILES = sorted(str(path) for path in DATA.glob("*.csv.gz"))
FLAGS = ("--currency", "GBP", "--time-zone", "Europe/London")
WHOLE = {"sale": 313_931, "return": 5_847, "adjustment": 925, "reported": 2}
ROWS = int(os.environ.get("HUMIDOR_PUBLISHED_ROWS") or sum(WHOLE.values()))

pytestmark = [
    pytest.mark.skipif(not FILES, reason="HUMIDOR_PUBLISHED_DATA holds no online_retail/*.csv.gz"),
    pytest.mark.timeout(3600),
]

Humidor = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def humidor() -> Iterator[Humidor]:
    """Run `humidor … --json` against a system of this test's own."""
    with tempfile.TemporaryDirectory(prefix="humidor-published-", ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "HUMIDOR_HOME": home, "HUMIDOR_PORT": str(free_ports(1)[0])}
        command = [sys.executable, "-m", "humidor_cli"]

        def run(*arguments: str) -> dict[str, Any]:
            began = time.monotonic()
            done = subprocess.run(
                [*command, *arguments], env=environment, capture_output=True, text=True, check=False
            )
            print(f"humidor {arguments[0]}: exit {done.returncode}, {time.monotonic() - began:.1f} s")
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            report: dict[str, Any] = json.loads(done.stdout) if "--json" in arguments else {}
            return report

        run("up", "--detach", "--no-sample")
        try:
            yield run
        finally:
            subprocess.run([*command, "down"], env=environment, check=False, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The file as it was published, or its beginning."""
    if sum(WHOLE.values()) == ROWS:
        return FILES
    path = tmp_path_factory.mktemp("published") / "beginning.csv.gz"
    with gzip.open(FILES[0], "rt") as whole, gzip.open(path, "wt") as beginning:
        beginning.writelines(islice(whole, ROWS + 1))
    return [str(path)]


def test_the_whole_file_is_replayed_and_verifies_to_the_unit(humidor: Humidor, files: list[str]) -> None:
    report = humidor("replay", *files, *FLAGS, "--yes", "--json")
    print(
        f"{report['rows']:,} rows in {report['seconds']:.1f} s: {report['sales_per_second']:.0f} sales/s, "
        f"{report['rows_per_second']:,.0f} rows/s"
    )
    assert report["problems"] == []
    assert report["rows"] == ROWS
    assert sum(report["rows_by_kind"].values()) == ROWS
    assert files != FILES or report["rows_by_kind"] == WHOLE
    verified = humidor("verify", *files, *FLAGS, "--json")
    for check in verified["checks"]:
        print(f"  {check['name']}: {check['expected']} = {check['actual']} ({check['compared']} compared)")
    assert verified["equal"] is True


def test_a_second_replay_finds_every_document_a_duplicate(humidor: Humidor, files: list[str]) -> None:
    report = humidor("replay", *files, *FLAGS, "--yes", "--json")
    assert {status for counts in report["results"].values() for status in counts} == {"duplicate"}
    assert humidor("verify", *files, *FLAGS, "--json")["equal"] is True

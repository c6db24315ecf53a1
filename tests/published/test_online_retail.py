"""The whole Online Retail file through a system of its own; `make verify-published` runs it.

The file is not part of the repository: HUMIDOR_PUBLISHED_DATA says where it is, and without it nothing runs.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from humidor_embedded.ports import free_ports

DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "online_retail"
FILES = sorted(str(path) for path in DATA.glob("*.csv.gz"))
FLAGS = ("--currency", "GBP", "--time-zone", "Europe/London")
ROWS, SALE_LINES, RETURN_LINES, WRITE_OFFS = 320_705, 313_931, 5_847, 925

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


def test_the_whole_file_is_replayed_and_verifies_to_the_unit(humidor: Humidor) -> None:
    report = humidor("replay", *FILES, *FLAGS, "--yes", "--json")
    print(
        f"{report['rows']:,} rows in {report['seconds']:.1f} s: {report['sales_per_second']:.0f} sales/s, "
        f"{report['rows_per_second']:,.0f} rows/s"
    )
    assert report["problems"] == []
    assert report["rows"] == ROWS
    assert report["rows_by_kind"] == {
        "sale": SALE_LINES,
        "return": RETURN_LINES,
        "adjustment": WRITE_OFFS,
        "reported": 2,
    }
    verified = humidor("verify", *FILES, *FLAGS, "--json")
    for check in verified["checks"]:
        print(f"  {check['name']}: {check['expected']} = {check['actual']} ({check['compared']} compared)")
    assert verified["equal"] is True


def test_a_second_replay_finds_every_document_a_duplicate(humidor: Humidor) -> None:
    report = humidor("replay", *FILES, *FLAGS, "--yes", "--json")
    assert {status for counts in report["results"].values() for status in counts} == {"duplicate"}
    assert humidor("verify", *FILES, *FLAGS, "--json")["equal"] is True

"""A real sales file through the whole system, and the proof that the books are right to the unit."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from .conftest import HUMIDOR, System

pytestmark = pytest.mark.timeout(400)

EXTRACT = Path(__file__).parents[1] / "data" / "online_retail_extract.csv"
MAPPING = {"source": "test", "store_prefix": "T", "default_currency": "GBP", "time_zone": "Europe/London"}
STORES = [f"T{number:04d}" for number in range(1, 9)]
FAST_SECONDS_OF_FILE = 3_000_000  # the extract's eight months in about seven seconds


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("replay") / "mapping.json"
    path.write_text(json.dumps(MAPPING))
    return str(path)


def replay(system: System, mapping: str, *more: str) -> dict[str, Any]:
    report: dict[str, Any] = system.cli("replay", str(EXTRACT), "--map", mapping, "--yes", *more)
    return report


def verify(system: System, mapping: str) -> tuple[dict[str, Any], set[str]]:
    """Verify; gives the report and which checks differ, dead letters of other tests left aside."""
    report: dict[str, Any] = system.cli("verify", str(EXTRACT), "--map", mapping, check=False)
    differing = {check["name"] for check in report["checks"] if not check["equal"]}
    return report, differing - {"open dead letters"}


def acknowledged(system: System) -> int:
    """Count what the replay's progress file holds."""
    files = list((system.home / "replay").glob("*.json"))
    return sum(sum(json.loads(file.read_text())["acknowledged"].values()) for file in files)


def execute_in_inventory(system: System, sql: str) -> None:
    async def run() -> None:
        conn = await asyncpg.connect(system.environment_of("inventory api")["HUMIDOR_PG_DSN"])
        try:
            await conn.execute(sql)
        finally:
            await conn.close()

    asyncio.run(run())


def test_a_killed_replay_goes_on_and_counts_everything_once(system: System, mapping: str) -> None:
    arguments = [HUMIDOR, "replay", str(EXTRACT), "--map", mapping, "--yes", "--json", "--batch", "1"]
    killed = subprocess.Popen(
        [*arguments, "--speed", str(FAST_SECONDS_OF_FILE)],
        env=system.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while acknowledged(system) < 10:
        assert killed.poll() is None, "the replay ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()

    report = replay(system, mapping)
    counts = Counter({kind: sum(statuses.values()) for kind, statuses in report["results"].items()})
    assert report["acknowledged_before"] >= 10
    assert counts.total() + report["acknowledged_before"] == 63
    assert report["problems"] == []
    report, differing = verify(system, mapping)
    assert differing == set(), report


def test_the_stock_is_what_a_plain_sum_of_the_raw_file_says(system: System, mapping: str) -> None:
    """An addition without any of the tool's code, over all stores together."""
    replay(system, mapping)
    system.wait_drained()
    sold: Counter[str] = Counter()
    with EXTRACT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if float(row["UnitPrice"]) >= 0:
                write_off = int(row["Quantity"]) < 0 and float(row["UnitPrice"]) == 0
                sold["moved"] += -int(row["Quantity"]) if write_off else int(row["Quantity"])
    with system.client() as client:
        on_hand = moved_in = 0
        for store_id in STORES:
            totals = client.get("/inventory/v1/checks/movements", params={"store_id": store_id}).json()
            moved_in += sum(m["delta_sticks"] for m in totals["movements"] if m["reason"] == "opening")
            params: dict[str, str | int] = {"store_id": store_id, "limit": 1000}
            while True:
                page = client.get("/inventory/v1/stock", params=params).json()
                on_hand += sum(item["on_hand_sticks"] for item in page["items"])
                if page["next_cursor"] is None:
                    break
                params["cursor"] = page["next_cursor"]
    assert (moved_in - on_hand) // 20 == sold["moved"]


def test_a_second_replay_finds_only_duplicates_and_changes_nothing(system: System, mapping: str) -> None:
    replay(system, mapping)
    before, _ = verify(system, mapping)
    report = replay(system, mapping)
    assert {kind: set(statuses) for kind, statuses in report["results"].items()} == {
        "sale": {"duplicate"},
        "return": {"duplicate"},
        "adjustment": {"duplicate"},
    }
    assert report["registered"]["opening_units"] == 0
    after, differing = verify(system, mapping)
    assert differing == set()
    figures = [(check["name"], check["expected"], check["actual"]) for check in before["checks"]]
    assert [(check["name"], check["expected"], check["actual"]) for check in after["checks"]] == figures


def test_a_balance_that_was_tampered_with_is_found(system: System, mapping: str) -> None:
    replay(system, mapping)
    system.wait_drained()
    tampered = "UPDATE stock SET on_hand_sticks = on_hand_sticks {} 1 WHERE ctid = (SELECT ctid FROM stock "
    tampered += "WHERE store_id LIKE 'T0%' AND on_hand_sticks > 0 ORDER BY store_id, gtin LIMIT 1)"
    execute_in_inventory(system, tampered.format("+"))
    try:
        report, differing = verify(system, mapping)
    finally:
        execute_in_inventory(system, tampered.format("-"))
    assert report["equal"] is False
    assert differing == {"balances unlike the ledger", "sticks on hand"}
    (difference,) = next(c["differences"] for c in report["checks"] if c["name"] == "sticks on hand")
    assert difference["actual"] - difference["expected"] == 1
    assert verify(system, mapping)[1] == set()


def test_rebuilding_the_stock_from_the_topics_gives_the_same_after_a_clock_was_corrected(
    system: System, mapping: str
) -> None:
    replay(system, mapping)
    with system.client() as client:
        corrected = {"name": STORES[0], "time_zone": "Pacific/Auckland"}
        client.put(f"/inventory/v1/stores/{STORES[0]}", json=corrected).raise_for_status()
    system.wait_drained()
    for service in ("inventory", "pos", "forecasting", "customers"):
        report = system.cli("rebuild", service, "--yes")
        assert report["equal"] is True
        read = {each["projection"]: each["events_read"] for each in report["projections"]}
        assert any(read.values())
    assert verify(system, mapping)[1] == set()

"""`humidor up` as a person meets it: one home, started, killed, interrupted and started again."""

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from humidor_embedded.process import is_alive

from .conftest import HUMIDOR, START_SECONDS, System, until

pytestmark = pytest.mark.timeout(400)
STOP_SECONDS = 90


class LocalSystem:
    """The system in which all tests run: found running, and started in the foreground whenever it is not."""

    def __init__(self, found: System) -> None:
        self.found = found
        self.output = [found.printed]
        self.process: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HUMIDOR, *arguments],
            env=self.found.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def supervisor(self) -> psutil.Process | None:
        state = self.state()
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(state["pid"])
            if state["phase"] == "ready" and found.create_time() == state["created"] and is_alive(found):
                return found
        return None

    def ensure_running(self) -> psutil.Process:
        """Give the supervisor, started in the foreground where none is."""
        if (running := self.supervisor()) is not None:
            return running
        self.output = []
        self.process = subprocess.Popen(
            [HUMIDOR, "up"],
            env=self.found.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.await_output("Ctrl-C stops everything", START_SECONDS)
        return psutil.Process(self.process.pid)

    def ensure_in_foreground(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            self.run("down")
            self.ensure_running()
        assert self.process is not None
        return self.process

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            self.output.extend(process.stdout)

    def await_output(self, words: str, patience_seconds: float) -> None:
        deadline = time.monotonic() + patience_seconds
        while not any(words in line for line in self.output):
            assert self.process is not None
            assert self.process.poll() is None, "".join(self.output)
            assert time.monotonic() < deadline, "".join(self.output)
            time.sleep(0.05)

    def state(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.found.home / "state.json").read_text())
        return document

    def processes(self) -> list[psutil.Process]:
        """Every process of the system, the engines' own children too."""
        mains = [psutil.Process(unit["pid"]) for unit in self.state()["units"].values()]
        return mains + [child for main in mains for child in main.children(recursive=True)]

    def printed_curl(self) -> list[str]:
        text = "".join(self.output)
        return shlex.split(text[text.index("curl ") :].partition("\n\n")[0].replace("\\\n", ""))

    def printed_sale(self) -> dict[str, Any]:
        words = self.printed_curl()
        document: dict[str, Any] = json.loads(words[words.index("-d") + 1])
        return document

    def sell(self) -> httpx.Response:
        """Do what the printed curl does."""
        words = self.printed_curl()
        headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
        return httpx.post(words[2], headers=headers, content=words[words.index("-d") + 1], trust_env=False)

    def on_hand_packs(self, sale: dict[str, Any]) -> int:
        params = {"store_id": sale["store_id"], "gtin": sale["lines"][0]["gtin"]}
        with self.found.client() as http:
            answer = http.get("/inventory/v1/stock", params=params).raise_for_status()
        return int(answer.json()["items"][0]["on_hand"])


@pytest.fixture(scope="module")
def local(system: System) -> Iterator[LocalSystem]:
    made = LocalSystem(system)
    yield made
    made.ensure_running()


def _left_after(processes: list[psutil.Process], patience_seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + patience_seconds
    while (left := [each for each in processes if is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def test_the_printed_curl_sells_and_stock_falls_by_what_was_sold(local: LocalSystem) -> None:
    local.ensure_running()
    sale = local.printed_sale()
    opening = local.on_hand_packs(sale)
    assert [local.sell().status_code for _ in range(2)] == [201, 200]
    local.found.wait_drained(60)
    assert local.on_hand_packs(sale) == opening - sale["lines"][0]["quantity"]


def test_a_taken_port_is_named_with_the_way_out(local: LocalSystem, tmp_path: Path) -> None:
    local.ensure_running()
    refused = local.run("up", HUMIDOR_HOME=str(tmp_path / "other"))
    assert refused.returncode == 1
    assert f"port {local.found.port} is taken" in refused.stderr
    assert "HUMIDOR_PORT=" in refused.stderr


def test_a_second_supervisor_of_the_same_home_is_refused(local: LocalSystem) -> None:
    local.ensure_running()
    refused = local.run("up")
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert local.found.wait_drained(60)["ready"]


def test_a_killed_service_is_started_again(local: LocalSystem) -> None:
    local.ensure_running()
    before = local.state()["units"]["pos api"]
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: local.state()["units"]["pos api"]["restarts"] > before["restarts"], "it is started again")
    pos = local.found.wait_drained(120)["services"]["pos"]
    assert pos["processes"]["api"]["pid"] != before["pid"]
    assert local.sell().status_code in {200, 201}


def test_a_killed_supervisor_leaves_no_process_and_no_data_are_lost(local: LocalSystem) -> None:
    local.ensure_running()
    local.sell()
    sale = local.printed_sale()
    local.found.wait_drained(60)
    before, running = local.on_hand_packs(sale), local.processes()
    local.ensure_running().kill()
    left = _left_after(running, STOP_SECONDS)
    assert not left, [each.cmdline() for each in left]
    local.ensure_running()
    local.found.wait_drained(60)
    assert local.on_hand_packs(sale) == before


def test_ctrl_c_stops_everything_and_the_next_start_goes_on(local: LocalSystem) -> None:
    process = local.ensure_in_foreground()
    local.sell()
    sale = local.printed_sale()
    local.found.wait_drained(60)
    before, running = local.on_hand_packs(sale), local.processes()
    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_SECONDS) == 0
    assert not any(is_alive(process) for process in running)
    assert local.found.status()["phase"] == "stopped"
    local.ensure_running()
    assert "password" not in "".join(local.output)
    local.found.wait_drained(60)
    assert local.on_hand_packs(sale) == before

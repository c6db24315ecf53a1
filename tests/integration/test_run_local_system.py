"""`humidor up` as a person meets it: one home, started, killed, interrupted and started again."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from humidor_common.auth.signing import issue_token, load_signing_keys
from humidor_embedded.ports import free_ports
from humidor_embedded.process import is_alive

pytestmark = pytest.mark.timeout(400)
START_SECONDS = 240
STOP_SECONDS = 90


class LocalSystem:
    """One home and port, and the supervisor that runs there or not."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_ports(1)[0]
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "humidor_cli", *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "HUMIDOR_HOME": str(self.home), "HUMIDOR_PORT": str(self.port), **more}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def ensure_running(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        self.output = []
        self.process = subprocess.Popen(
            self.command("up"),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.await_output("Ctrl-C stops everything", START_SECONDS)

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
        document: dict[str, Any] = json.loads((self.home / "state.json").read_text())
        return document

    def processes(self) -> list[psutil.Process]:
        """Every process of the system, the engines' own children too."""
        mains = [psutil.Process(unit["pid"]) for unit in self.state()["units"].values()]
        return mains + [child for main in mains for child in main.children(recursive=True)]

    def status(self, wait_seconds: int) -> dict[str, Any]:
        done = self.run("status", "--json", "--wait", str(wait_seconds))
        document: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == 0, document
        return document

    def printed_curl(self) -> list[str]:
        text = "".join(self.output)
        return shlex.split(text[text.index("curl ") : text.index("Ctrl-C")].replace("\\\n", ""))

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
        key = load_signing_keys(self.home / "secrets" / "signing-keys.json")[0]
        answer = httpx.get(
            f"http://127.0.0.1:{self.port}/inventory/v1/stock",
            params={"store_id": sale["store_id"], "gtin": sale["lines"][0]["gtin"]},
            headers={"Authorization": f"Bearer {issue_token(key, subject='test', roles=['admin'])}"},
            trust_env=False,
        )
        return int(answer.raise_for_status().json()["items"][0]["on_hand"])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    made = LocalSystem(tmp_path_factory.mktemp("system") / "home")
    yield made
    made.run("down")
    if made.process is not None:
        made.process.wait(STOP_SECONDS)


def _all_gone(processes: list[psutil.Process], patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while any(is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_the_printed_curl_sells_and_stock_falls_by_what_was_sold(system: LocalSystem) -> None:
    system.ensure_running()
    sale = system.printed_sale()
    opening = system.on_hand_packs(sale)
    assert [system.sell().status_code for _ in range(2)] == [201, 200]
    system.status(wait_seconds=60)
    assert system.on_hand_packs(sale) == opening - sale["lines"][0]["quantity"]


def test_a_taken_port_is_named_with_the_way_out(system: LocalSystem, tmp_path: Path) -> None:
    system.ensure_running()
    refused = system.run("up", HUMIDOR_HOME=str(tmp_path / "other"))
    assert refused.returncode == 1
    assert f"port {system.port} is taken" in refused.stderr
    assert "HUMIDOR_PORT=" in refused.stderr


def test_a_second_supervisor_of_the_same_home_is_refused(system: LocalSystem) -> None:
    system.ensure_running()
    refused = system.run("up")
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert system.status(wait_seconds=60)["ready"]


def test_a_killed_service_is_started_again(system: LocalSystem) -> None:
    system.ensure_running()
    os.kill(system.state()["units"]["pos api"]["pid"], signal.SIGKILL)
    system.await_output("pos api: restarting", STOP_SECONDS)
    pos = system.status(wait_seconds=120)["services"]["pos"]
    assert pos["processes"]["api"]["restarts"] >= 1
    assert system.sell().status_code in {200, 201}


def test_a_killed_supervisor_leaves_no_process_and_no_data_are_lost(system: LocalSystem) -> None:
    system.ensure_running()
    system.sell()
    sale = system.printed_sale()
    system.status(wait_seconds=60)
    before, running = system.on_hand_packs(sale), system.processes()
    assert system.process is not None
    system.process.kill()
    system.process.wait()
    assert _all_gone(running, STOP_SECONDS)
    system.ensure_running()
    system.status(wait_seconds=60)
    assert system.on_hand_packs(sale) == before


def test_ctrl_c_stops_everything_and_the_next_start_goes_on(system: LocalSystem) -> None:
    system.ensure_running()
    system.sell()
    sale = system.printed_sale()
    system.status(wait_seconds=60)
    before, running = system.on_hand_packs(sale), system.processes()
    assert system.process is not None
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(STOP_SECONDS) == 0
    assert not any(is_alive(process) for process in running)
    assert json.loads(system.run("status", "--json").stdout)["phase"] == "stopped"
    system.ensure_running()
    assert "password" not in "".join(system.output)
    system.status(wait_seconds=60)
    assert system.on_hand_packs(sale) == before

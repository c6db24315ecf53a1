"""A real Dask cluster of processes on 127.0.0.1, for tests that kill some of them."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0


class DaskCluster:
    """A scheduler and workers of one thread each, without nannies: who is killed stays dead."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = (directory / "log").open("wb")
        self._file = directory / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                      "--scheduler-file", str(self._file))  # fmt: skip

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
        return subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=self._directory)

    @property
    def address(self) -> str:
        """Give the scheduler's address, once it is there."""
        import msgspec

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._file.exists() and (text := self._file.read_bytes()):
                address: str = msgspec.json.decode(text)["address"]
                return address
            time.sleep(0.05)
        raise TimeoutError((self._directory / "log").read_text())

    def add_worker(self) -> subprocess.Popen[bytes]:
        worker = self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
            "--local-directory", str(self._directory), "--memory-limit", "0",
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    async def ready(self, workers: int) -> None:
        """Wait until so many workers are there."""
        from humidor_common.engine.cluster import connected

        async with connected(await asyncio.to_thread(lambda: self.address)) as client:
            await client.wait_for_workers(workers, timeout=START_SECONDS)

    def end(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()
        self._log.close()


@contextmanager
def dask_cluster(workers: int) -> Iterator[DaskCluster]:
    """Have a cluster for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="humidor-dask-", ignore_cleanup_errors=True) as directory:
        cluster = DaskCluster(Path(directory))
        try:
            for _ in range(workers):
                cluster.add_worker()
            yield cluster
        finally:
            cluster.end()

"""HTTP load from a process of its own: a closed loop, or an open one with Poisson arrivals.

    python -m benchmarks.load < spec.json > outcome.json

The requests are put together from ready bytes and sent on kept connections by a bare protocol, so that the
generator takes little of the machine it shares with what it measures. In the open loop a latency counts
from the moment at which the request was due, whether or not a connection was free (no coordinated omission).
"""

import asyncio
import gc
import itertools
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import msgspec
import uvloop

_LENGTH = b"content-length: "
_PATIENCE_SECONDS = 30


class Spec(msgspec.Struct, kw_only=True):
    """What to send.

    A template is a whole request in pieces; a new UUID goes between each two of them. `rate_per_second`
    makes the loop an open one. `log` is a file for the ids sent and the moments of their answers.
    """

    port: int
    templates: list[list[str]]
    connections: int
    seconds: float
    warm_seconds: float = 1.0
    rate_per_second: float = 0.0
    wanted_status: int = 201
    log: str | None = None


class Outcome(msgspec.Struct, kw_only=True):
    """What came of it; latencies in milliseconds, over what was sent after the warm-up."""

    requests: int
    per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    unwanted: dict[str, int]
    cpu_us_per_request: float


class Answer(msgspec.Struct, array_like=True):
    """When a sale's answer came, in seconds of the epoch."""

    sale_id: str
    at: float


def drive(spec: Spec) -> Outcome:
    """Run the load in a process of its own.

    Raises:
        RuntimeError: An answer was not the wanted one: such a figure would mean nothing.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(spec),
        stdout=subprocess.PIPE,
        check=True,
    )
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    if outcome.unwanted:
        raise RuntimeError(f"answers that were not {spec.wanted_status}: {outcome.unwanted}")
    return outcome


class _Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._held = b""
        self._due = 0.0
        self._sale_id = b""
        self._write: Callable[[bytes], None] = lambda _data: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)

    def send(self, due: float) -> None:
        self._due = due
        request, self._sale_id = self._load.next_request()
        self._write(request)

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
            self._held = b""
        end = data.find(b"\r\n\r\n")
        start = data.find(_LENGTH, 0, end) + len(_LENGTH) if end > 0 else 0
        if not start or len(data) < end + 4 + int(data[start : data.find(b"\r", start)]):
            self._held = data
            return
        self._load.answered(self, data[9:12], self._due, self._sale_id)


class _Load:
    """Sends, and notes what comes back."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.loop = asyncio.get_running_loop()
        self.requests = _requests(spec.templates)
        self.idle: deque[_Connection] = deque()
        self.waiting: deque[float] = deque()
        self.latencies: list[float] = []
        self.log: list[tuple[bytes, float]] = []
        self.statuses: Counter[bytes] = Counter()
        self.finished = asyncio.Event()
        self.under_way = 0
        self.over = False
        self.measured_from = self.ends = 0.0

    def next_request(self) -> tuple[bytes, bytes]:
        return next(self.requests)

    def lost(self, error: Exception | None) -> None:
        if not self.finished.is_set():
            self.statuses[f"connection lost: {error}".encode()] += 1
            self.finished.set()

    def answered(self, connection: _Connection, status: bytes, due: float, sale_id: bytes) -> None:
        now = time.perf_counter()
        self.statuses[status] += 1
        if self.measured_from <= due:
            self.latencies.append(now - due)
            if self.spec.log:
                self.log.append((sale_id, time.time()))
        if self.spec.rate_per_second:
            if self.waiting:
                connection.send(self.waiting.popleft())
                return
            self.idle.append(connection)
        elif now < self.ends:
            connection.send(now)
            return
        self.under_way -= 1
        self.finish(over=self.over or not self.spec.rate_per_second)

    def finish(self, *, over: bool) -> None:
        if over and not self.under_way:
            self.finished.set()

    async def run(self) -> Outcome:
        spec = self.spec
        for _ in range(spec.connections):
            _, connection = await self.loop.create_connection(
                lambda: _Connection(self), "127.0.0.1", spec.port
            )
            self.idle.append(connection)
        cpu = time.process_time()
        started = time.perf_counter()
        self.measured_from = started + spec.warm_seconds
        self.ends = self.measured_from + spec.seconds
        if spec.rate_per_second:
            await self._arrive(started)
            self.over = True
            self.finish(over=True)
        else:
            self.under_way = spec.connections
            for connection in self.idle:
                connection.send(started)
        async with asyncio.timeout(spec.warm_seconds + spec.seconds + _PATIENCE_SECONDS):
            await self.finished.wait()
        return self._outcome(time.process_time() - cpu)

    async def _arrive(self, started: float) -> None:
        """Send at the moments of a Poisson process; the loop's clock ticks in milliseconds, so do we."""
        for due in _arrivals(started, self.ends, self.spec.rate_per_second):
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(max(ahead, 0.001))
            if self.idle:
                self.under_way += 1
                self.idle.popleft().send(due)  # in turn: the server closes what is never used
            else:
                self.waiting.append(due)

    def _outcome(self, cpu_seconds: float) -> Outcome:
        ordered = sorted(self.latencies) or [0.0]
        wanted = str(self.spec.wanted_status).encode()
        answers = self.statuses.total()
        if self.spec.log:
            answered = [Answer(sale_id.decode(), at) for sale_id, at in self.log]
            Path(self.spec.log).write_bytes(msgspec.json.encode(answered))
        return Outcome(
            requests=len(self.latencies),
            per_second=len(self.latencies) / self.spec.seconds,
            p50_ms=_percentile(ordered, 0.50),
            p90_ms=_percentile(ordered, 0.90),
            p99_ms=_percentile(ordered, 0.99),
            max_ms=ordered[-1] * 1000,
            unwanted={s.decode(): n for s, n in self.statuses.items() if s != wanted},
            cpu_us_per_request=cpu_seconds / max(1, answers) * 1e6,
        )


def _arrivals(started: float, ends: float, rate_per_second: float) -> Iterator[float]:
    due = started
    while (due := due + random.expovariate(rate_per_second)) < ends:
        yield due


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def _requests(templates: list[list[str]]) -> Iterator[tuple[bytes, bytes]]:
    """Fill the templates in turn with ids like UUID version 7: this moment first, then a count."""
    head = f"{time.time_ns() // 1_000_000:012x}"
    chance = os.urandom(3).hex()
    prefix = f"{head[:8]}-{head[8:]}-7{chance[:3]}-8{chance[3:]}-".encode()
    count = itertools.count()
    ready = [[piece.encode() for piece in template] for template in templates]
    for pieces in itertools.cycle(ready):
        if len(pieces) == 2:
            sale_id = b"%b%012x" % (prefix, next(count))
            yield b"%b%b%b" % (pieces[0], sale_id, pieces[1]), sale_id
        else:
            parts = [pieces[0]]
            for piece in pieces[1:]:
                sale_id = b"%b%012x" % (prefix, next(count))
                parts += (sale_id, piece)
            yield b"".join(parts), sale_id


def main() -> None:
    gc.disable()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)

    async def run() -> Outcome:
        return await _Load(spec).run()

    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run())))


if __name__ == "__main__":
    main()

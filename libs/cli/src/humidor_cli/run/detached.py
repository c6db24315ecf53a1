"""The system in the background: a process that reports through a pipe until it is ready."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.run.report import JsonReporter, PlainReporter, Reporter, Summary
from humidor_cli.run.supervisor import Supervisor
from humidor_embedded.errors import EmbeddedError


def start(home: Home, *, sample: bool, as_json: bool) -> int:
    """Start the background process, pass its news on, and return when it is ready or has failed."""
    home.prepare()
    with home.locked():
        pass
    reader, writer = os.pipe()
    arguments = ["up", "--report-fd", str(writer), "--sample" if sample else "--no-sample"]
    with (home.logs / "supervisor.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "humidor_cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[writer],
        )
    os.close(writer)
    report: Reporter = JsonReporter() if as_json else PlainReporter()
    with os.fdopen(reader) as news:
        for line in news:
            message = json.loads(line)
            if "error" in message:
                raise CliError(message["error"])
            if "summary" in message:
                report.ready(Summary(**{**message["summary"], "detached": True}))
                return 0
            if "step" in message:
                report.step(message["step"], message["state"], message["detail"])
            else:
                report.note(message["note"])
    raise CliError(f"the background process ended before it was ready; see {home.logs / 'supervisor.log'}")


def serve(home: Home, *, sample: bool, report_fd: int) -> int:
    """Be the background process."""
    report = _UntilReady(report_fd)
    try:
        return asyncio.run(Supervisor(home, report, sample=sample).run())
    except (CliError, EmbeddedError) as error:
        report.fail(str(error))
        return 1


class _UntilReady:
    """Reports to the starting command while it listens, to the log afterwards.

    The summary holds the one-time password, so it goes to the command alone and never to the log.
    """

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w")
        self._listener: Reporter = JsonReporter(self._pipe)
        self._log = PlainReporter()

    def step(self, name: str, state: str, words: str = "") -> None:
        self._log.step(name, state, words)
        self._tell(lambda: self._listener.step(name, state, words))

    def note(self, text: str) -> None:
        self._log.note(text)
        self._tell(lambda: self._listener.note(text))

    def ready(self, summary: Summary) -> None:
        self._log.note(f"ready after {summary.seconds:.1f} s at {summary.url}")
        self._tell(lambda: self._listener.ready(summary))
        self.close()

    def fail(self, text: str) -> None:
        self._log.note(text)
        self._tell(lambda: self._pipe.write(json.dumps({"error": text}) + "\n"))
        self.close()

    def close(self) -> None:
        self._tell(self._pipe.close)

    def _tell(self, how: Callable[[], object]) -> None:
        # The starting command may have been interrupted; that is no reason to stop.
        if not self._pipe.closed:
            with suppress(OSError):
                how()

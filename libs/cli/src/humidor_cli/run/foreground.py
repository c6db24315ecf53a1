"""The system in the foreground of a terminal."""

import asyncio
import os
import sys

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.run.report import JsonReporter, LiveReporter, PlainReporter, Reporter
from humidor_cli.run.supervisor import Supervisor
from humidor_embedded.errors import EmbeddedError


def run(home: Home, *, sample: bool, as_json: bool) -> int:
    report = _reporter(as_json=as_json)
    try:
        status = asyncio.run(Supervisor(home, report, sample=sample).run())
    except (CliError, EmbeddedError):
        report.close()
        raise
    sys.stdout.flush()
    return status


def _reporter(*, as_json: bool) -> Reporter:
    if as_json:
        return JsonReporter()
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return LiveReporter()
    return PlainReporter()

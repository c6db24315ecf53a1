"""Ends a running system from outside."""

import os
import signal
import time
from contextlib import suppress

from humidor_cli.errors import CliError
from humidor_cli.home import Home

# Longer than the supervisor's own patience with its processes, stage by stage.
PATIENCE_SECONDS = 90.0
_POLL_SECONDS = 0.1


def stop(home: Home) -> bool:
    """Ask the supervisor to stop and wait for it; False when none ran."""
    if not home.is_running():
        return False
    pid = home.read("state.json").get("pid")
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked = None
    while home.is_running():
        # A supervisor that has only just started may not have written its pid yet.
        pid = home.read("state.json").get("pid") or pid
        if pid is not None and pid != asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            asked = pid
        if time.monotonic() > deadline:
            raise CliError(f"the supervisor (pid {pid}) has not stopped within {PATIENCE_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    return True

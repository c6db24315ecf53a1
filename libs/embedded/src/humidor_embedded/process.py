"""Child processes without orphans: own session, parent-death signal, log file, orderly stop."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from humidor_embedded.errors import EmbeddedError

_LAUNCHER = Path(__file__).with_name("launch.py")
_LEFTOVER_PATIENCE_SECONDS = 5.0
_LEFTOVER_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Account:
    """The operating-system user a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Program:
    """Everything needed to start one child process."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGTERM
    stop_signals: Sequence[tuple[signal.Signals, float]] = field(
        default=((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)),
    )


class Child:
    """A running program in a session of its own.

    It is to be started from a thread that lives as long as the process does: the kernel sends the
    parent-death signal when the starting *thread* ends.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._popen = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = self.program
        account = "-" if program.account is None else f"{program.account.uid}:{program.account.gid}"
        executable = shutil.which(program.argv[0]) or program.argv[0]
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
        lifeline = [str(os.getpid()), str(int(program.death_signal))]
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            return subprocess.Popen(
                [*launcher, *lifeline, account, executable, *program.argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if program.env is None else dict(program.env),
                cwd=program.cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative is the number of the signal that ended it."""
        return self._popen.poll()

    def wait(self, timeout_seconds: float | None = None) -> int:
        return self._popen.wait(timeout_seconds)

    def signal(self, number: signal.Signals) -> None:
        if self._popen.poll() is None:
            self._popen.send_signal(number)

    def stop(self) -> None:
        """Ask politely, then insist, then sweep whatever is left of its process group."""
        for number, patience_seconds in self.program.stop_signals:
            self.signal(number)
            try:
                self._popen.wait(patience_seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self.kill()

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def reachable_by(account: Account, *paths: Path) -> None:
    """Let another account pass through the directories above each path.

    PostgreSQL refuses to run as root. Started by root it runs as an ordinary account, which must reach
    the programs and its data even when they lie below a private directory such as /root: the
    permission to pass through (not to list) is added where it is missing.
    """
    for path in paths:
        for directory in path.absolute().parents:
            info = directory.stat()
            passable = info.st_mode & 0o001 or (info.st_uid == account.uid and info.st_mode & 0o100)
            if not passable:
                try:
                    directory.chmod((info.st_mode & 0o7777) | 0o011)
                except OSError as error:
                    raise EmbeddedError(
                        f"the account with uid {account.uid} cannot reach {path}: {directory} is closed to it"
                    ) from error


def end_leftovers(belongs: Callable[[psutil.Process], bool], stop_signals: Sequence[signal.Signals]) -> int:
    """End processes that an earlier, killed run left behind; returns how many there were."""
    mine = {os.getpid(), os.getppid()}
    found = [
        process for process in psutil.process_iter() if process.pid not in mine and _safely(belongs, process)
    ]
    remaining = found
    for number in (*stop_signals, signal.SIGKILL):
        for process in remaining:
            with suppress(psutil.Error):
                process.send_signal(number)
        remaining = _still_running_after(remaining, _LEFTOVER_PATIENCE_SECONDS)
        if not remaining:
            break
    return len(found)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie, which nobody may ever collect in a container, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _still_running_after(processes: list[psutil.Process], patience_seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + patience_seconds
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(_LEFTOVER_POLL_SECONDS)
    return alive


def _safely(belongs: Callable[[psutil.Process], bool], process: psutil.Process) -> bool:
    try:
        return belongs(process)
    except (psutil.Error, OSError):
        return False


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""

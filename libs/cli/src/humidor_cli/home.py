"""The state directory of one local system: where it is and what lies where in it."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from humidor_cli.errors import CliError

DEFAULT_HOME = ".humidor"
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Home:
    """Paths below ``HUMIDOR_HOME``, and the gateway's port from ``HUMIDOR_PORT``."""

    directory: Path
    port: int

    @classmethod
    def from_environment(cls) -> "Home":
        directory = Path(os.environ.get("HUMIDOR_HOME") or DEFAULT_HOME).absolute()
        text = os.environ.get("HUMIDOR_PORT") or str(DEFAULT_PORT)
        if not text.isdigit() or not 1 <= int(text) <= 65535:
            raise CliError(f"HUMIDOR_PORT is a port number from 1 to 65535, not {text!r}")
        return cls(directory, int(text))

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def kafka(self) -> Path:
        return self.directory / "kafka"

    @property
    def mqtt(self) -> Path:
        return self.directory / "mqtt"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def secrets(self) -> Path:
        return self.directory / "secrets"

    @property
    def signing_key(self) -> Path:
        return self.secrets / "signing-keys.json"

    @property
    def state_file(self) -> Path:
        return self.directory / "state.json"

    def prepare(self) -> None:
        """Make the directories; what is secret can be read by its owner alone."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self.secrets.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CliError(
                f"the state directory {self.directory} cannot be used: {error.strerror}"
            ) from error

    def read(self, name: str) -> dict[str, Any]:
        """A JSON document below the directory; an absent or damaged one counts as empty."""
        try:
            document = json.loads((self.directory / name).read_text())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a JSON document in one step, readable by its owner alone."""
        path = self.directory / name
        temporary = path.with_name(f".{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=1)
        temporary.replace(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only supervisor; the kernel frees the lock with its holder, so it is never stale."""
        handle = self._try_lock()
        if handle is None:
            state = self.read("state.json")
            raise CliError(
                f"Humidor already runs in {self.directory} (pid {state.get('pid', '?')}), "
                f"at {state.get('url', 'an address it has not said yet')}\n"
                f"Stop it with: humidor down"
            )
        with handle:
            yield

    def is_running(self) -> bool:
        handle = self._try_lock()
        if handle is None:
            return True
        handle.close()
        return False

    def _try_lock(self) -> IO[str] | None:
        with suppress(FileNotFoundError):
            handle = (self.directory / "supervisor.lock").open("a")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                return None
            return handle
        return Path(os.devnull).open()

    def wipe(self) -> list[str]:
        """Delete what Humidor put here, and nothing else; returns the names."""
        owned = (
            "postgres",
            "kafka",
            "mqtt",
            "logs",
            "secrets",
            "replay",
            "state.json",
            "ports.json",
            "migrations.json",
            "first-start.json",
            "sample.json",
            "supervisor.lock",
        )
        found = [name for name in owned if (self.directory / name).exists()]
        for name in found:
            path = self.directory / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        with suppress(OSError):
            self.directory.rmdir()
        return found

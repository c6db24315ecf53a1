"""An MQTT broker as a process: the one of Python packages, or a real Mosquitto where a test has one.

The one of Python packages is for a first look and for development. It keeps nothing on disk: what it holds
for a subscriber that is away is gone with it, and was lost even while it ran when that was tried.
"""

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from humidor_embedded.ports import LOOPBACK, free_ports
from humidor_embedded.process import Child, Program, end_leftovers

_CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x0a\x00\x04look"
_ANSWER_SECONDS = 1.0


class MqttBroker:
    """The broker of Python packages, on loopback and for known users only.

    Args:
        directory: Where its password file is; whoever registers devices keeps that up to date.
        port: Where clients connect; a free one when none is given.
        log: Where it writes.
        reader: The user who may subscribe; every other one may only publish its own topics.
    """

    def __init__(
        self, directory: Path, *, port: int | None = None, log: Path | None = None, reader: str = "humidor"
    ) -> None:
        self.directory = directory.absolute()
        self.password_file = self.directory / "passwords"
        self.port = port or free_ports(1)[0]
        self.log = log or self.directory / "mqtt.log"
        self.reader = reader
        self._child: Child | None = None

    @property
    def child(self) -> Child | None:
        return self._child

    def prepare(self) -> None:
        """Make its directory, and end what a killed run left behind."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv = self._argv()
        end_leftovers(lambda process: process.cmdline()[-len(argv) + 1 :] == argv[1:], [signal.SIGTERM])

    def launch(self) -> None:
        """Start it without waiting; call it from a long-lived thread."""
        self._child = Child(Program(name="mqtt", argv=self._argv(), log=self.log, env=self._environment()))

    def is_ready(self) -> bool:
        """Whether it answers MQTT: refusing a client without a password is an answer."""
        return self._child is not None and self._child.exit_code() is None and answers(self.port)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _argv(self) -> list[str]:
        module = "humidor_embedded.mqtt_server"
        return [sys.executable, "-m", module, str(self.port), str(self.password_file), self.reader]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": "1"}


class Mosquitto(MqttBroker):
    """A real Mosquitto, configured and run as `deploy/mosquitto` does it."""

    def __init__(self, directory: Path, *, recipe: Path, port: int | None = None) -> None:
        super().__init__(directory, port=port)
        self._recipe = recipe

    @staticmethod
    def program() -> str | None:
        """Find it where it is installed."""
        return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / "data").mkdir(exist_ok=True)
        text = (self._recipe / "mosquitto.conf").read_text()
        for there, here in (
            ("listener 1883", f"listener {self.port} {LOOPBACK}"),
            ("/mosquitto/passwords", str(self.directory / "passwords.read")),
            ("/mosquitto/config/acl", str(self._recipe / "acl")),
            ("/mosquitto/data/", f"{self.directory / 'data'}/"),
        ):
            text = text.replace(there, here)
        if os.geteuid() == 0:
            text += "user root\n"
        (self.directory / "mosquitto.conf").write_text(text)

    def _argv(self) -> list[str]:
        return ["/bin/sh", str(self._recipe / "run.sh")]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MOSQUITTO": self.program() or "mosquitto",
            "MOSQUITTO_CONF": str(self.directory / "mosquitto.conf"),
            "MOSQUITTO_PASSWORDS_FROM": str(self.password_file),
            "MOSQUITTO_PASSWORDS_TO": str(self.directory / "passwords.read"),
        }


def answers(port: int) -> bool:
    """Ask for a connection without a password, and see whether MQTT comes back."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS) as asked:
            asked.sendall(_CONNECT)
            return asked.recv(1) in {b"\x20", b""}
    except OSError:
        return False

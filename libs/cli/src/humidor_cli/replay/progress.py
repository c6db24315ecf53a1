"""What was acknowledged of a replay, kept in the state directory so that a killed one goes on."""

import hashlib
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from humidor_cli.home import Home
from humidor_cli.replay.mapping import Mapping
from humidor_cli.replay.text import CHUNK_BYTES

_DIRECTORY = "replay"
_SAVE_SECONDS = 0.5


class Progress:
    """Counts the documents of each store that were acknowledged, which is a prefix: stores keep their order.

    A finished replay starts from the beginning again, so that a second run proves every document a duplicate.
    """

    def __init__(self, home: Home, name: str) -> None:
        self._home = home
        self._name = f"{_DIRECTORY}/{name}.json"
        self._lock = threading.Lock()
        self._saved_at = 0.0
        document = home.read(self._name)
        self.finished_before = bool(document.get("finished"))
        stored = {} if self.finished_before else document.get("acknowledged", {})
        self._acknowledged: Counter[str] = Counter({store: int(count) for store, count in stored.items()})
        self._before = dict(self._acknowledged)
        (home.directory / _DIRECTORY).mkdir(parents=True, exist_ok=True)

    @property
    def resumed(self) -> int:
        """How many documents were acknowledged before this run."""
        return sum(self._before.values())

    def before(self, store_id: str) -> int:
        """How many of a store's documents were acknowledged before this run."""
        return self._before.get(store_id, 0)

    def forget(self) -> None:
        """Start from the beginning."""
        self._acknowledged.clear()
        self._before.clear()

    def acknowledge(self, store_id: str, count: int) -> None:
        """Count documents of a store; written to disk at most twice a second."""
        with self._lock:
            self._acknowledged[store_id] += count
            if time.monotonic() - self._saved_at > _SAVE_SECONDS:
                self._save(finished=False)

    def close(self, *, finished: bool) -> None:
        with self._lock:
            self._save(finished=finished)

    def _save(self, *, finished: bool) -> None:
        document: dict[str, Any] = {"acknowledged": dict(self._acknowledged), "finished": finished}
        self._home.write(self._name, document)
        self._saved_at = time.monotonic()


def name_of(path: Path, mapping: Mapping) -> str:
    """Name a replay by the file's content and the mapping: either one changed makes another replay."""
    found = hashlib.sha256(msgspec.json.encode(mapping))
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()[:32]

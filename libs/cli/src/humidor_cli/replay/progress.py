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

    def __init__(self, home: Home, path: Path, mapping: Mapping) -> None:
        self._home = home
        self._content = _digest(path)
        self._name = f"{_DIRECTORY}/{_name_of(self._content, mapping)}.json"
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

    def under_another_mapping(self) -> bool:
        """Tell whether the same content was sent under another mapping, whose sales are others than these."""
        directory = self._home.directory / _DIRECTORY
        documents = (
            self._home.read(f"{_DIRECTORY}/{file.name}")
            for file in directory.glob("*.json")
            if f"{_DIRECTORY}/{file.name}" != self._name
        )
        return any(document.get("content") == self._content for document in documents)

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
        document: dict[str, Any] = {
            "content": self._content,
            "acknowledged": dict(self._acknowledged),
            "finished": finished,
        }
        self._home.write(self._name, document)
        self._saved_at = time.monotonic()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def _name_of(content: str, mapping: Mapping) -> str:
    """Name a replay by the file's content and the mapping: either one changed makes another replay."""
    return hashlib.sha256(content.encode() + msgspec.json.encode(mapping)).hexdigest()[:32]

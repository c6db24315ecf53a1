"""Where downloads are kept, shared by every copy on the machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_directory() -> Path:
    """``HUMIDOR_CACHE``, else ``humidor`` in the user's cache directory."""
    if chosen := os.environ.get("HUMIDOR_CACHE"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "humidor"


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a file lock; the kernel frees it when its holder dies, so it is never stale."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
